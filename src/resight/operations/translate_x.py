"""Moved sideways: Tursun et al., ICIP 2020, section 2.1."""

from __future__ import annotations

import numpy as np

from resight.operations._moving import Back, Pixels, moved
from resight.operations._strength import strength


def translate_x(
    pixels: Pixels,
    *,
    magnitude: int,
    least: float = -150 / 331,
    most: float = 150 / 331,
    fill: int = 0,
    resample: str = "bilinear",
) -> tuple[Pixels, Back]:
    """(H, W, 3) -> (H, W, 3): each pixel shows what lies `least` to `most` of the width to its right.

    So a negative share moves the photo to the right; what comes from outside has the grey level `fill`.
    """
    shift = strength(magnitude, least, most) * pixels.shape[1]
    matrix = np.array([[1.0, 0.0, shift], [0.0, 1.0, 0.0]])
    return moved(pixels, matrix, fill, resample)
