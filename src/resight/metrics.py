"""How good a ranking is: average precision and first rank, each by its own name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def average_precision(relevant: Sequence[bool], total: int) -> float:
    """The finite sum: the mean, over all `total` relevant items, of the precision at the rank of each.

    `relevant` says for each rank whether its item is relevant; a relevant item that is not ranked counts 0.
    Revisited protocols and Oxford5k use the trapezoid instead, which gives other figures.
    """
    if total < 1:
        raise ValueError("average precision needs at least one relevant item")
    hits = np.flatnonzero(np.asarray(relevant, dtype=bool))
    return float((np.arange(1, len(hits) + 1) / (hits + 1)).sum() / total)


def recall_at(relevant: Sequence[bool], k: int) -> float:
    """1 if a relevant item is among the first k, else 0."""
    return float(any(relevant[:k]))
