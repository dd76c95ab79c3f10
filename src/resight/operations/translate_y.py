"""Moved downwards or upwards: Tursun et al., ICIP 2020, section 2.1."""

from __future__ import annotations

import numpy as np

from resight.operations._moving import Back, Pixels, moved
from resight.operations._strength import strength


def translate_y(
    pixels: Pixels,
    *,
    magnitude: int,
    least: float = -150 / 331,
    most: float = 150 / 331,
    fill: int = 0,
    resample: str = "bilinear",
) -> tuple[Pixels, Back]:
    """(H, W, 3) -> (H, W, 3): each pixel shows what lies `least` to `most` of the height below it.

    So a negative share moves the photo down; what comes from outside has the grey level `fill`.
    """
    shift = strength(magnitude, least, most) * pixels.shape[0]
    matrix = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, shift]])
    return moved(pixels, matrix, fill, resample)
