"""A non-matching photo a little farther than the matching one. Schroff et al., CVPR 2015, section 3.2."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resight.mining._members import Members
from resight.mining._similarities import similarities
from resight.ranges import at_least


def semi_hard(
    descriptors: NDArray[np.float32],
    classes: NDArray[np.integer],
    generator: np.random.Generator,
    *,
    triplets: int = 0,
    margin: float = 0.2,
) -> NDArray[np.int64]:
    """(N, D), (N,) -> (T, 3): at most so many `triplets`, or 0: at most one a photo. Raises BadSetting.

    A semi-hard photo is farther from the query than the drawn matching one, but by less than `margin`, in
    squared Euclidean distance; of several the nearest is taken. Where there is none, the nearest of all
    non-matching photos is taken, the hardest. Where even that is farther by the margin or more, nothing is to
    be learnt, and there is no triplet.
    """
    at_least(0, "semi-hard", triplets=triplets, margin=margin)
    members = Members(classes)
    queries, matching = members.pairs(triplets, generator)
    found = [
        (
            queries[place],
            matching[place],
            _choose(row, row[matching[place]], members.of(queries[place]), margin),
        )
        for place, row in similarities(descriptors, queries)
    ]
    kept = [triplet for triplet in found if triplet[2] >= 0]
    return np.array(kept, np.int64).reshape(-1, 3)


def _choose(row: NDArray[np.float32], near: np.float32, own: NDArray[np.int64], margin: float) -> int:
    """Similarities to all, that to the matching photo, the query's class -> a non-matching photo, or -1."""
    row[own] = -np.inf
    for candidates in (np.where(row < near, row, -np.inf), row):
        photo = int(candidates.argmax())
        # Squared distances of unit vectors are 2 - 2 x similarity.
        if 2 * (near - candidates[photo]) < margin:
            return photo
    return -1
