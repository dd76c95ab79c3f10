"""Changes that take each value of a channel to another one, whatever its neighbours are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEVELS = np.arange(256, dtype=np.float64)


def looked_up(pixels: NDArray[np.uint8], tables: NDArray[np.float64]) -> NDArray[np.uint8]:
    """(H, W, 3), a (256,) table for all channels or (256, 3), one each -> (H, W, 3), rounded and clipped."""
    import cv2

    steps = np.clip(np.rint(tables), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(pixels, steps if steps.ndim == 1 else steps[:, None, :]), np.uint8)
