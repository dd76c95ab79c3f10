"""The photos nearest to a query, behind re-rankers, and what the places of the first are worth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from resight.methods import Method
from resight.ranking import Query, Ranked
from resight.searcher import chances
from resight.searcher.background import without_background
from resight.searcher.chances import Chances
from resight.searcher.collection import Collection
from resight.searcher.reranking import depth, reranked


def placed(
    photos: Collection, query: Query, k: int, wanted: Sequence[Method], most: float | None = None
) -> tuple[Ranked, Chances]:
    """At least k photos where there are so many, without the query's own; and their false positives.

    `wanted` are re-rankers; `most`: only hits with at most so many false positives, which raises BadQuery
    where they cannot be told.
    """
    needed, telling = 1 + depth(wanted, k), chances.depth(photos)
    rest = without_background(query, photos) if telling else None
    if rest is None:
        told_by = query.vectors
        first = near = photos.nearest(query.vectors, max(needed, 1 + telling))
    else:
        told_by = rest[None]
        first, near = photos.nearest_each(np.stack([query.vectors[0], rest]), [needed, 1 + telling])
    ranked = reranked(first[:needed], query, photos, wanted)
    found = Chances(query, photos, told_by, near, ranked, wanted)
    return (ranked if most is None else found.at_most(most)), found
