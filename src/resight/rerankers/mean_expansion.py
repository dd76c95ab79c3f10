"""Average query expansion. Chum, Philbin, Sivic, Isard and Zisserman, ICCV 2007."""

from __future__ import annotations

import numpy as np

from resight.ranges import at_least
from resight.ranking import Photos, Query, Ranked
from resight.rerankers._expanding import expanded, matched, search_again

DEPTH = "n"


def mean_expansion(ranked: Ranked, query: Query, photos: Photos, *, n: int = 10) -> Ranked:
    """Search again with the mean of the query and its first `n` hits, at unit length.

    Where photos have several rows, a hit stands for its row that matched best, and is added to that row of
    the query which it matched; a row of the query that no hit matched is searched for as it was.
    """
    at_least(1, "mean-expansion", n=n)
    if not len(ranked):
        return ranked
    found = matched(query, ranked.images[:n], photos)
    return search_again(expanded(query, found, np.ones(len(found.vectors))), ranked, query, photos)
