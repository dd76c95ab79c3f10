"""Turned about the middle: Tursun et al., ICIP 2020, section 2.1."""

from __future__ import annotations

import numpy as np

from resight.operations._moving import Back, Pixels, moved
from resight.operations._strength import strength


def rotate(
    pixels: Pixels,
    *,
    magnitude: int,
    least: float = -180.0,
    most: float = 180.0,
    fill: int = 0,
    resample: str = "bilinear",
) -> tuple[Pixels, Back]:
    """(H, W, 3) -> (H, W, 3): turned by `least` to `most` degrees, against the clock where they are positive.

    The frame stays, so corners of the photo may be lost; what comes from outside has the grey level `fill`.

    `magnitude` is 1 to 10: 1 is `least`, 10 is `most`, and the others lie evenly between.
    `resample` says how pixels between pixels are found: nearest, bilinear or bicubic.
    """
    angle = np.deg2rad(strength(magnitude, least, most))
    cos, sin = np.round([np.cos(angle), np.sin(angle)], 12)  # so that quarter turns are exact
    turn = np.array([[cos, -sin], [sin, cos]])
    middle = np.array([pixels.shape[1], pixels.shape[0]]) / 2
    matrix = np.column_stack([turn, middle - turn @ middle])
    return moved(pixels, matrix, fill, resample)
