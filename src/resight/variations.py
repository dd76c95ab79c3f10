"""Synthetic views of a photo: what it could look like in another photo of the same thing, without a label."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from resight import images, methods
from resight.levels import Shown, levelled, pixels_of

Pixels = NDArray[np.uint8]

# In the order of a camera: the place, the light, the lens, the file.
VARIED = ("warp", "gamma", "brightness", "channels", "contrast", "saturation", "blur", "jpeg")


def varied(
    pixels: Pixels,
    seed: Sequence[int],
    transforms: Sequence[str] = VARIED,
    another: Callable[[], Pixels] | None = None,
    size: tuple[int, int] | None = None,
) -> Pixels:
    """(H, W, 3) uint8 -> a synthetic view of the same shape, or of `size` (height, width).

    Equal seeds give equal views. `transforms` are sentences such as "blur:share=1", applied one after the
    other. Those that need another photo get `another`, which gives the pixels of one; by default that is the
    photo itself. Those that can make a view of any size make it of `size`, and the others work on fewer
    pixels then.
    """
    generator = np.random.default_rng(list(seed))
    needed = {"another": another or (lambda: pixels), "size": size}
    shown: Shown = pixels
    for sentence in transforms:
        transform = _found(sentence)
        given = levelled(shown) if transform.says.get("LEVELLED") else pixels_of(shown)
        shown = transform(given, generator, *(needed[each] for each in transform.needs))
    seen = pixels_of(shown)
    return seen if size is None else images.resize(seen, size[1], size[0])


@functools.cache
def _found(sentence: str) -> methods.Method:
    return methods.find("transforms", sentence)
