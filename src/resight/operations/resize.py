"""Another size, square: Tursun et al., ICIP 2020, section 2.1."""

from __future__ import annotations

from resight.images import resize as resized
from resight.operations._moving import Back, Pixels, still
from resight.operations._strength import strength

SIDE = "most"


def resize(pixels: Pixels, *, magnitude: int, least: int = 64, most: int = 352) -> tuple[Pixels, Back]:
    """(H, W, 3) -> (S, S, 3), warped to a square of `least` to `most` pixels.

    `magnitude` is 1 to 10: 1 is `least`, 10 is `most`, and the others lie evenly between.
    """
    side = max(1, round(strength(magnitude, least, most)))
    return resized(pixels, side, side), still()
