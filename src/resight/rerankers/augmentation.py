"""Database-side augmentation. Turcot and Lowe, ICCVW 2009; weights by rank: Gordo et al., IJCV 2017."""

from __future__ import annotations

import numpy as np

from resight.errors import BadSetting
from resight.ranges import at_least
from resight.ranking import Numbers, Photos, Query, Ranked
from resight.rerankers._augmented import augmented
from resight.rerankers._expanding import like
from resight.rerankers._graph import neighbours
from resight.types import Vectors


def augmentation(
    ranked: Ranked,
    query: Query,
    photos: Photos,
    *,
    k: int = 10,
    weights: str = "similarity",
    alpha: float = 3.0,
) -> Ranked:
    """As many photos as `ranked` has, by the similarity of the query to augmented rows.

    Each row of the database is replaced by the sum of itself and its `k` nearest, at unit length. A
    neighbour weighs its similarity to the power `alpha`, nothing where that is negative; with `weights`
    rank, the r-th of them weighs (k - r) / k. Photos that may not be found, and the query's own, are no
    part of the database: they are added to nothing. Which rows are nearest is worked out once, and kept.
    """
    at_least(1, "augmentation", k=k)
    at_least(0, "augmentation", alpha=alpha)
    if weights not in ("similarity", "rank"):
        raise BadSetting(f"'augmentation' takes similarity or rank for 'weights', not '{weights}'.")
    if not len(ranked):
        return ranked
    graph = neighbours(photos, k)
    images = photos.owners[graph.rows]
    allowed = photos.allowed(images)
    sums = augmented(photos, graph, allowed, weights, alpha)
    if query.image is not None:
        own = images == query.image
        sums, allowed = sums.without(np.flatnonzero(own), photos), allowed & ~own
    best = np.full(images.max() + 1, -np.inf, np.float32)  # by the number of the image
    np.maximum.at(best, images[allowed], sums.scores(query.vectors, photos)[allowed])
    order = _highest(best, min(len(ranked), int(np.isfinite(best).sum())))
    return like(ranked, order, best[order])


def _highest(scores: Vectors, count: int) -> Numbers:
    """The places of the highest scores, best first; equal ones in their order."""
    if not count:
        return np.empty(0, np.int64)
    near = np.flatnonzero(scores >= np.partition(scores, -count)[-count])
    return near[np.argsort(-scores[near], kind="stable")][:count]
