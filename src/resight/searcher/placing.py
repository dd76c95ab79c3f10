"""The photos nearest to a query, behind re-rankers, and what the places of the first are worth."""

from __future__ import annotations

from collections.abc import Sequence

from resight.methods import Method
from resight.ranking import Query, Ranked
from resight.searcher import chances
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
    needed = 1 + depth(wanted, k)
    first = photos.nearest(query.vectors, max(needed, 1 + chances.depth(photos)))
    ranked = reranked(first[:needed], query, photos, wanted)
    found = Chances(query, photos, first, ranked, wanted)
    return (ranked if most is None else found.at_most(most)), found
