"""Precision and recall at ranks, and the average precisions that are made of them.

Average precision has two definitions that differ on the same ranking: the finite sum, and the trapezoid of
Philbin et al., CVPR 2007 (compute_ap), and Radenovic et al., CVPR 2018 (the revisited protocols).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resight.metrics.ranks import Ranks, check, check_k

Values = NDArray[np.float64]


def average_precision(ranks: Ranks, total: int) -> float:
    """The finite sum: the mean, over all positives, of the precision at the rank of each.

    One that was never ranked counts 0.
    """
    check(ranks, total)
    return float(_precisions(ranks).sum() / total)


def average_precision_trapezoid(ranks: Ranks, total: int) -> float:
    """The trapezoid: the mean, over all positives, of the precisions just above the rank of each and at it.

    Above the first photo the precision is 1. One that was never ranked counts 0.
    """
    check(ranks, total)
    above = np.where(ranks == 0, 1.0, np.arange(len(ranks)) / np.maximum(ranks, 1))
    return float(((above + _precisions(ranks)) / 2).sum() / total)


def average_precision_at(ranks: Ranks, total: int, k: int) -> float:
    """The finite sum over the first k ranks, divided by the smaller of k and `total`."""
    check(ranks, total)
    check_k(k)
    return float(_precisions(ranks[ranks < k]).sum() / min(total, k))


def precision_at(ranks: Ranks, total: int, k: int) -> float:
    """The share of positives above a cut: the smaller of k and the rank, from 1, of the last positive.

    Radenovic et al., CVPR 2018. Their protocol ranks every positive. Where one was never ranked there is no
    last rank and the cut is k, so that a shorter ranking is never better than the whole.
    """
    check(ranks, total)
    check_k(k)
    cut = min(k, int(ranks[-1]) + 1) if len(ranks) == total else k
    return float((ranks < cut).sum() / cut)


def recall_at(ranks: Ranks, k: int) -> float:
    """1 if a positive is among the first k, else 0."""
    check_k(k)
    return float(len(ranks) > 0 and ranks[0] < k)


def precision_recall(ranks: Ranks, total: int) -> tuple[Values, Values]:
    """(recall, precision), each (len(ranks),): one point at the rank of each positive, nothing between."""
    check(ranks, total)
    return np.arange(1, len(ranks) + 1) / total, _precisions(ranks)


def _precisions(ranks: Ranks) -> Values:
    return np.arange(1, len(ranks) + 1) / (ranks + 1)
