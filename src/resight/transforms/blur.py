"""Out of focus: a Gaussian blur."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def blur(
    pixels: NDArray[np.uint8],
    generator: np.random.Generator,
    *,
    least: float = 0.5,
    most: float = 2.0,
    share: float = 0.4,
) -> NDArray[np.uint8]:
    """(H, W, 3) -> (H, W, 3): a `share` of photos, blurred by a deviation of `least` to `most` pixels."""
    import cv2

    chosen, sigma = generator.random() < share, generator.uniform(least, most)
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), np.uint8) if chosen else pixels
