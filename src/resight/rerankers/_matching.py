"""Points of two photos that look alike, one to one: the ratio test. Lowe, IJCV 2004, section 7.1."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from resight.ranking import LocalFeatures

Pairs = NDArray[np.int64]
Matcher = Callable[[LocalFeatures], Pairs]


def matcher(query: LocalFeatures, ratio: float) -> Matcher:
    """A function that matches the query's points to a photo's, as pairs (M, 2) of their numbers.

    A pair is kept where both are nearest to each other, and the squared distance of the query's point to the
    next nearest of the photo, times `ratio` squared, is larger. A photo of one point matches nothing.
    """
    rows = query.descriptors.astype(np.float32)
    left = np.column_stack([rows, np.ones(len(rows), np.float32), _squared(rows)])

    def match(photo: LocalFeatures) -> Pairs:
        if len(photo) < 2 or len(query) < 1:
            return np.empty((0, 2), np.int64)
        others = photo.descriptors.astype(np.float32)
        right = np.column_stack([2 * others, -_squared(others), np.full(len(others), -1, np.float32)])
        # minus squared distances: whole numbers under 2 to the 24th, sums that float32 holds exactly
        return _nearest_pairs(left @ right.T, ratio)

    return match


def _squared(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.einsum("ij,ij->i", rows, rows))


def _nearest_pairs(nearness: NDArray[np.float32], ratio: float) -> Pairs:
    """(Q, P) minus squared distances, of which the nearest are overwritten -> pairs."""
    points = np.arange(len(nearness))
    nearest = nearness.argmax(axis=1)
    first, wanted = nearness[points, nearest], nearness.max(axis=0)
    nearness[points, nearest] = -np.inf
    second = nearness.max(axis=1)
    keep = (first > ratio**2 * second.astype(np.float64)) & (first == wanted[nearest])
    pairs = np.stack([points[keep], nearest[keep]], axis=1)
    # two points of the query may be at the same distance from the photo's: the earlier, stronger one has it
    return pairs[np.sort(np.unique(pairs[:, 1], return_index=True)[1])]
