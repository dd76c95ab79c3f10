"""Mirrored, left for right: Tursun et al., ICIP 2020, section 2.1."""

from __future__ import annotations

import numpy as np

from resight.operations._moving import Back, Pixels
from resight.operations._strength import check

IGNORES_MAGNITUDE = True


def horizontal_flip(pixels: Pixels, *, magnitude: int = 1) -> tuple[Pixels, Back]:
    """(H, W, 3) -> (H, W, 3), its columns from the last to the first.

    It is the same at each `magnitude`, 1 to 10.
    """
    check(magnitude)
    return np.ascontiguousarray(pixels[:, ::-1]), np.array([[-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
