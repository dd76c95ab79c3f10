"""Moved sideways: Tursun et al., ICIP 2020, section 2.1."""

from __future__ import annotations

import numpy as np

from resight.operations._moving import Back, Pixels, moved
from resight.operations._strength import strength


def translate_x(
    pixels: Pixels,
    *,
    magnitude: int,
    least: float = -0.45317220543806647,  # 150 of 331 pixels
    most: float = 0.45317220543806647,
    fill: int = 0,
    resample: str = "bilinear",
) -> tuple[Pixels, Back]:
    """(H, W, 3) -> (H, W, 3): each pixel shows what lies `least` to `most` of the width to its right.

    So a negative share moves the photo to the right; what comes from outside has the grey level `fill`.

    `magnitude` is 1 to 10: 1 is `least`, 10 is `most`, and the others lie evenly between.
    `resample` says how pixels between pixels are found: nearest, bilinear or bicubic.
    """
    shift = strength(magnitude, least, most) * pixels.shape[1]
    matrix = np.array([[1.0, 0.0, shift], [0.0, 1.0, 0.0]])
    return moved(pixels, matrix, fill, resample)
