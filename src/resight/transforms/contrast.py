"""More or less contrast: values drawn away from the photo's mean grey, or towards it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resight.levels import LEVELS, looked_up, pixels_of


def contrast(
    pixels: NDArray[np.uint8], generator: np.random.Generator, *, least: float = 0.6, most: float = 1.3
) -> NDArray[np.uint8]:
    """(H, W, 3) -> (H, W, 3): distances from the mean of all values times a factor in `least` to `most`."""
    import cv2

    middle = sum(cv2.mean(pixels)) / 3
    return pixels_of(looked_up(pixels, middle + (LEVELS - middle) * generator.uniform(least, most)))
