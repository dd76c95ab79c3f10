"""Regions as polygons, and as masks on a feature map."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Polygon = NDArray[np.float64]
Masks = NDArray[np.bool_]


def rectangle(top: float, left: float, bottom: float, right: float) -> Polygon:
    """The four corners (4, 2) as x, y, clockwise from the upper left."""
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], dtype=np.float64)


WHOLE = rectangle(0, 0, 1, 1)


def masks(polygons: Sequence[Polygon], height: int, width: int) -> Masks:
    """Polygons, each (N, 2) x, y in shares of the view -> (R, height, width): cells whose centre is inside.

    The even-odd rule; a polygon may miss every centre, and its mask is empty then. The answer is kept for
    the next photo of the same shape, and cannot be written to.
    """
    return _masks(tuple(polygon.tobytes() for polygon in polygons), height, width)


def inside(polygons: Sequence[Polygon], places: NDArray[Any]) -> Masks:
    """Polygons in shares of the view, places (N, 2) x, y -> (R, N): places inside, by the even-odd rule."""
    x, y = places[:, 0].astype(np.float64), places[:, 1].astype(np.float64)
    found = np.zeros((len(polygons), len(places)), dtype=np.bool_)
    for mask, polygon in zip(found, polygons, strict=True):
        for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
            if y0 != y1:
                crossed = (y0 <= y) != (y1 <= y)
                mask ^= crossed & (x >= x0 + (y - y0) * ((x1 - x0) / (y1 - y0)))
    return found


@functools.lru_cache(maxsize=64)
def _masks(corners: tuple[bytes, ...], height: int, width: int) -> Masks:
    polygons = [np.frombuffer(each).reshape(-1, 2) for each in corners]
    x, y = (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height
    centres = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    found = inside(polygons, centres).reshape(len(polygons), height, width)
    found.flags.writeable = False
    return found
