"""Taken from afar: fewer pixels of what is shown."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resight.transforms._resizing import resized


def shrink(
    pixels: NDArray[np.uint8], generator: np.random.Generator, *, least: float = 0.35, share: float = 0.25
) -> NDArray[np.uint8]:
    """(H, W, 3) -> (H, W, 3): a `share` of photos, shrunk to `least` to 1 of the side and enlarged again."""
    chosen, scale = generator.random() < share, generator.uniform(least, 1.0)
    if not chosen:
        return pixels
    height, width = pixels.shape[:2]
    few = resized(pixels, max(1, round(width * scale)), max(1, round(height * scale)))
    return resized(few, width, height)
