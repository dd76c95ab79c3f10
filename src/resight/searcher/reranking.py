"""Re-rankers one after the other, as `--rerank` names them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from resight import methods
from resight.methods import Method
from resight.ranking import Photos, Query, Ranked


def rerankers(sentences: Iterable[str]) -> list[Method]:
    """The re-rankers of such sentences as `geometry:top=50`."""
    return [methods.find("rerankers", text) for text in sentences]


def depth(wanted: Sequence[Method], k: int) -> int:
    """How many photos must be ranked, so that k hits are right behind these re-rankers."""
    return max([k, *(each.depth for each in wanted)])


def reranked(ranked: Ranked, query: Query, photos: Photos, wanted: Sequence[Method]) -> Ranked:
    """Through one re-ranker after the other; the query's own image never stands in any ranking."""
    own = np.array([] if query.image is None else [query.image], np.int64)
    for each in wanted:
        ranked = each(ranked.without(own), query, photos)
    return ranked.without(own)
