"""The nearest non-matching photo, where that violates the margin. Husain, Ong and Bober, 2019 (ACTNET)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resight.mining._members import Members
from resight.mining._similarities import similarities
from resight.ranges import at_least


def hardest(
    descriptors: NDArray[np.float32],
    classes: NDArray[np.integer],
    generator: np.random.Generator,
    *,
    triplets: int = 5000,
    margin: float = 0.1,
) -> NDArray[np.int64]:
    """(N, D), (N,) -> (T, 3): of so many `triplets` (0: one a photo) those with a loss. Raises BadSetting.

    Drawn are distinct pairs of a query and a matching photo; the third is the nearest non-matching one, of
    equally near ones the first. A triplet is kept if its non-matching photo is not farther than its matching
    one by `margin` or more, in squared Euclidean distance.
    """
    at_least(0, "hardest", triplets=triplets, margin=margin)
    members = Members(classes)
    queries, matching = members.pairs(triplets, generator)
    kept = []
    for place, row in similarities(descriptors, queries):
        query, near = queries[place], row[matching[place]]
        row[members.of(query)] = -np.inf
        other = row.argmax()
        # Squared distances of unit vectors are 2 - 2 x similarity.
        if 2 * (near - row[other]) < margin:
            kept.append((query, matching[place], other))
    return np.array(kept, np.int64).reshape(-1, 3)
