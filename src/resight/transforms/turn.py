"""Any turn: a photo of a thing that has no up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


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
    # OpenCV 5.0 moves four channels in about half of the time that it takes for three.
    turned = cv2.warpAffine(
        cv2.cvtColor(pixels, cv2.COLOR_RGB2RGBA), matrix, (width, height), flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )  # fmt: skip
    return np.asarray(cv2.cvtColor(turned, cv2.COLOR_RGBA2RGB), np.uint8)
