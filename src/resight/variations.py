"""Synthetic views of a photo: what it could look like in another photo of the same thing, without a label."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from resight import methods

Pixels = NDArray[np.uint8]

# In the order of a camera: the place, the light, the lens, the file.
VARIED = ("warp", "gamma", "brightness", "channels", "contrast", "saturation", "blur", "jpeg")


def varied(
    pixels: Pixels,
    seed: Sequence[int],
    transforms: Sequence[str] = VARIED,
    another: Callable[[], Pixels] | None = None,
) -> Pixels:
    """(H, W, 3) uint8 -> a synthetic view of the same shape; equal seeds give equal views.

    `transforms` are sentences such as "blur:share=1", applied one after the other. Those that need another
    photo get `another`, which gives the pixels of one; by default that is the photo itself.
    """
    generator = np.random.default_rng(list(seed))
    shown = pixels
    for sentence in transforms:
        transform = _found(sentence)
        if "another" in transform.needs:
            pixels = transform(pixels, generator, another or (lambda: shown))
        else:
            pixels = transform(pixels, generator)
    return pixels


@functools.cache
def _found(sentence: str) -> methods.Method:
    return methods.find("transforms", sentence)
