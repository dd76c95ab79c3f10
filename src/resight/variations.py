"""Synthetic views of a photo: what it could look like in another photo of the same thing, without a label."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from resight import methods

# In the order of a camera: the place, the light, the lens, the file.
VARIED = ("warp", "gamma", "brightness", "channels", "contrast", "saturation", "blur", "jpeg")


def varied(
    pixels: NDArray[np.uint8], seed: Sequence[int], transforms: Sequence[str] = VARIED
) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 -> a synthetic view of the same shape; equal seeds give equal views.

    `transforms` are sentences such as "blur:share=1", applied one after the other.
    """
    generator = np.random.default_rng(list(seed))
    for sentence in transforms:
        pixels = methods.find("transforms", sentence)(pixels, generator)
    return pixels
