"""Alpha-weighted query expansion. Radenovic, Tolias and Chum, TPAMI 2019."""

from __future__ import annotations

import numpy as np

from resight.ranges import at_least
from resight.ranking import Photos, Query, Ranked
from resight.rerankers._expanding import expanded, matched, search_again

DEPTH = "n"


def alpha_expansion(
    ranked: Ranked, query: Query, photos: Photos, *, n: int = 50, alpha: float = 3.0
) -> Ranked:
    """Search again with the query plus its first `n` hits, each by its similarity to the power `alpha`.

    A hit of negative similarity weighs nothing, so any power is real; with no weight at all the query stays
    as it is. `alpha` 0 weighs all others alike. Where photos have several rows, a hit stands for its row that
    matched best, and is added to that row of the query which it matched.
    """
    at_least(1, "alpha-expansion", n=n)
    at_least(0, "alpha-expansion", alpha=alpha)
    if not len(ranked):
        return ranked
    found = matched(query, ranked.images[:n], photos)
    similarities = found.similarities.astype(np.float64)
    weights = np.where(similarities > 0, np.maximum(similarities, 0) ** alpha, 0)
    return search_again(expanded(query, found, weights), ranked, query, photos)
