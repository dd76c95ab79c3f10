"""The negative: Tursun et al., ICIP 2020, section 2.1, by Pillow's `ImageOps.invert`."""

from __future__ import annotations

from resight.operations._colouring import coloured
from resight.operations._moving import Back, Pixels
from resight.operations._strength import check

IGNORES_MAGNITUDE = True


def invert(pixels: Pixels, *, magnitude: int = 1) -> tuple[Pixels, Back]:
    """(H, W, 3) -> (H, W, 3), 255 less each value.

    It is the same at each `magnitude`, 1 to 10.
    """
    from PIL import ImageOps

    check(magnitude)
    return coloured(pixels, ImageOps.invert)
