"""Any turn: a photo of a thing that has no up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resight.transforms._warping import warped


def turn(
    pixels: NDArray[np.uint8], generator: np.random.Generator, *, share: float = 0.15
) -> NDArray[np.uint8]:
    """(H, W, 3) -> (H, W, 3): a `share` of photos, turned about the middle by any angle.

    The photo keeps its size; outside of it stands its mirror image.
    """
    import cv2

    chosen, angle = generator.random() < share, generator.uniform(0, 360)
    if not chosen:
        return pixels
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0)
    return warped(pixels, cv2.warpAffine, matrix, width, height)
