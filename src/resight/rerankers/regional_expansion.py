"""Query expansion by the best-matched regions. Jeong, Kim and Park, ICIP 2017, eq. 8."""

from __future__ import annotations

import numpy as np

from resight.ranges import at_least
from resight.ranking import Photos, Query, Ranked
from resight.rerankers._expanding import directions, matched, search_again

DEPTH = "n"


def regional_expansion(ranked: Ranked, query: Query, photos: Photos, *, n: int = 10) -> Ranked:
    """Search again with one vector: the mean of the regions that matched best in the first `n` hits.

    The query's own vectors are no part of it. Where photos have one row, it is the mean of the hits. Should
    the hits cancel each other out, the query stays as it is.
    """
    at_least(1, "regional-expansion", n=n)
    if not len(ranked):
        return ranked
    found = matched(query, ranked.images[:n], photos)
    mean = found.vectors.mean(axis=0, dtype=np.float64, keepdims=True)
    return search_again(directions(mean, query.vectors), ranked, query, photos)
