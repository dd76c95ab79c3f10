"""How well two grey pictures agree where one lies over the other: correlation, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resight.duplicates.looking import Grey

CELL = 16  # pixels
COVERED = 0.7  # of a cell's pixels, for it to count
EDGE = 2  # pixels that are not compared
TEXTURE = 4.0  # grey levels of deviation: a flatter cell tells nothing

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Overlap:
    """`share` of the second picture that the first covers; `median` and `low` correlation of the cells there.

    Half of the cells reach the one, and four in five the other; `cells` of them were told.
    """

    share: float
    median: float
    low: float
    cells: int


def overlap(one: Grey, other: Grey, affine: Matrix) -> Overlap:
    """The first picture laid over the second by `affine` (2, 3), from pixels of the first to the second's."""
    import cv2

    height, width = other.shape
    laid = np.asarray(cv2.warpAffine(one, affine, (width, height), flags=cv2.INTER_LINEAR), np.float32)
    mask = np.asarray(cv2.warpAffine(_within(one.shape), affine, (width, height))) == 255
    covered, mask = float(mask.mean()), mask & (_within(other.shape) == 255)
    found = [
        value
        for top in range(0, height, CELL)
        for left in range(0, width, CELL)
        if (value := _correlation(laid, other, mask, top, left)) is not None
    ]
    if not found:
        return Overlap(covered, 0.0, 0.0, 0)
    low, median = np.quantile(found, [0.2, 0.5]).tolist()
    return Overlap(covered, median, low, len(found))


def between(of: tuple[int, ...], to: tuple[int, ...]) -> Matrix:
    """The map (3, 3) between two sizes (H, W) of one picture, whose pixels stand for their middles."""
    across, down = to[1] / of[1], to[0] / of[0]
    return np.array([[across, 0, (across - 1) / 2], [0, down, (down - 1) / 2], [0, 0, 1]])


def _within(shape: tuple[int, ...]) -> Grey:
    """255 but for the edge: what lies behind it shines through the outermost pixels of a turned picture."""
    found = np.zeros(shape, np.uint8)
    found[EDGE:-EDGE, EDGE:-EDGE] = 255
    return found


def _correlation(
    one: NDArray[np.float32], other: Grey, mask: NDArray[np.bool_], top: int, left: int
) -> float | None:
    """Of one cell; None for one that is not covered, or is flat in both."""
    cell = slice(top, top + CELL), slice(left, left + CELL)
    inside = mask[cell]
    if inside.sum() < COVERED * CELL * CELL:
        return None
    first, second = one[cell][inside], other[cell][inside].astype(np.float32)
    spread = float(first.std()), float(second.std())
    if max(spread) < TEXTURE:
        return None
    together = float(((first - first.mean()) * (second - second.mean())).mean())
    return together / max(spread[0] * spread[1], 1e-6)
