"""Contrast, less or more: Tursun et al., ICIP 2020, section 2.1, by Pillow's `ImageEnhance.Contrast`."""

from __future__ import annotations

from resight.operations._colouring import coloured
from resight.operations._moving import Back, Pixels
from resight.operations._strength import strength


def contrast(pixels: Pixels, *, magnitude: int, least: float = 0.1, most: float = 1.9) -> tuple[Pixels, Back]:
    """(H, W, 3) -> (H, W, 3): values drawn towards the mean grey, or away from it.

    The factor is `least` to `most`; 1 changes nothing.

    `magnitude` is 1 to 10: 1 is `least`, 10 is `most`, and the others lie evenly between.
    """
    from PIL import ImageEnhance

    factor = strength(magnitude, least, most)
    return coloured(pixels, lambda image: ImageEnhance.Contrast(image).enhance(factor))
