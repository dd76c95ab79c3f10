"""Semi-hard and hard triplets by ranked neighbours, one a class. Vaccaro et al., ICPR 2020, Algorithm 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resight.mining._members import Members
from resight.mining._similarities import similarities
from resight.ranges import at_least, share

Numbers = NDArray[np.int64]


def class_ranking(
    descriptors: NDArray[np.float32],
    classes: NDArray[np.integer],
    generator: np.random.Generator,
    *,
    t: int = 20,
    semi_hard: float = 0.5,
    hard: bool = True,
    extremely_hard: bool = False,
) -> Numbers:
    """(N, D), (N,) -> (T, 3), at most one of a query's class, which one is drawn. Raises BadSetting.

    Each photo asks for the others, ranked; equally near ones stand in the order of their numbers. The
    non-matching photo n is the first of the ranking. If a matching one stands before it, with probability
    `semi_hard` the one just before n is the matching photo: a semi-hard triplet, whatever the margin.
    Otherwise it is the first behind n: a hard triplet if it stands less than `t` ranks behind, else an
    extremely hard one. `hard` and `extremely_hard` say whether these are kept.

    The text leaves open t (20 in the authors' code) and which triplet of a class is kept; its pseudo-code
    leaves the walk before a semi-hard triplet is noted, which is clearly not meant.
    """
    at_least(1, "class-ranking", t=t)
    share("class-ranking", semi_hard=semi_hard)
    members = Members(classes)
    queries = members.asking
    chance = generator.random(len(queries)) < semi_hard
    found = []
    for place, row in similarities(descriptors, queries):
        query = int(queries[place])
        own = members.of(query)
        matching, other, behind = _walk(row, own[own != query], query, bool(chance[place]))
        kept = behind < 0 or (hard if behind < t else extremely_hard)
        if matching >= 0 and kept:
            found.append((query, matching, other))
    triplets = generator.permutation(np.array(found, np.int64).reshape(-1, 3))
    first = np.unique(classes[triplets[:, 0]], return_index=True)[1]
    return triplets[np.sort(first)]


def _walk(row: NDArray[np.float32], matching: Numbers, query: int, semi: bool) -> tuple[int, int, int]:
    """Similarities (N,) to all, and the query's matching photos -> a matching, the first non-matching photo,
    and how many ranks the first stands behind the second: -1 if just before it.

    No photo is matching (-1) where a semi-hard one is not wanted or not there, and none stands behind.
    """
    strange = row.copy()
    strange[matching] = strange[query] = -np.inf
    other = int(strange.argmax())
    near = row[matching]
    before = (near > row[other]) | ((near == row[other]) & (matching < other))
    # Equals keep the order of their numbers, since `matching` is in that order.
    ranked = np.argsort(-near, kind="stable")
    if semi and before.any():
        return int(matching[ranked[before.sum() - 1]]), other, -1
    if before.all():
        return -1, other, 0
    first = int(matching[ranked[before.sum()]])
    ahead = (row > row[first]) | ((row == row[first]) & (np.arange(len(row)) < first))
    return first, other, int(ahead.sum()) - int(ahead[query]) - int(before.sum())
