"""Sheared sideways: Tursun et al., ICIP 2020, section 2.1."""

from __future__ import annotations

import numpy as np

from resight.operations._moving import Back, Pixels, moved
from resight.operations._strength import strength


def shear_x(
    pixels: Pixels,
    *,
    magnitude: int,
    least: float = -0.3,
    most: float = 0.3,
    fill: int = 0,
    resample: str = "bilinear",
) -> tuple[Pixels, Back]:
    """(H, W, 3) -> (H, W, 3): a row y shows what lies `least` to `most` times y to its right.

    The upper left corner stays, as in AutoAugment; what comes from outside has the grey level `fill`.

    `magnitude` is 1 to 10: 1 is `least`, 10 is `most`, and the others lie evenly between.
    `resample` says how pixels between pixels are found: nearest, bilinear or bicubic.
    """
    matrix = np.array([[1.0, strength(magnitude, least, most), 0.0], [0.0, 1.0, 0.0]])
    return moved(pixels, matrix, fill, resample)
