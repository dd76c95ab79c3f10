"""Paler or stronger colours: each pixel drawn towards its grey, or away from it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def saturation(
    pixels: NDArray[np.uint8],
    generator: np.random.Generator,
    *,
    least: float = 0.2,
    most: float = 1.3,
    share: float = 0.5,
) -> NDArray[np.uint8]:
    """(H, W, 3) -> (H, W, 3): a `share` of photos, distances from grey times `least` to `most`."""
    import cv2

    chosen, factor = generator.random() < share, generator.uniform(least, most)
    if not chosen:
        return pixels
    grey = cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.addWeighted(pixels, factor, grey, 1 - factor, 0), np.uint8)
