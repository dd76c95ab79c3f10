"""A thing among others: the photo, shrunk, on top of another photo."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from resight.transforms._resizing import resized

NEEDS = ("another",)


def clutter(
    pixels: NDArray[np.uint8],
    generator: np.random.Generator,
    another: Callable[[], NDArray[np.uint8]],
    *,
    least: float = 0.45,
    most: float = 0.9,
    share: float = 0.33,
) -> NDArray[np.uint8]:
    """(H, W, 3), what gives another photo -> (H, W, 3): a `share` of photos, shrunk onto the other.

    The photo is shrunk to `least` to `most` of its sides and lies anywhere inside of the other one, which is
    stretched to the same shape. `another` is called only where it is needed.
    """
    chosen, scale, place = generator.random() < share, generator.uniform(least, most), generator.random(2)
    if not chosen:
        return pixels
    height, width = pixels.shape[:2]
    rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
    top, left = (
        round(float(p) * free) for p, free in zip(place, (height - rows, width - columns), strict=True)
    )
    found = resized(another(), width, height)
    found[top : top + rows, left : left + columns] = resized(pixels, columns, rows)
    return found
