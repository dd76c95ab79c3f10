"""Normalised average rank. Müller et al., Pattern Recognition Letters 22, 2001."""

from __future__ import annotations

import numpy as np

from resight.metrics.ranks import Ranks, check


def normalised_average_rank(ranks: Ranks, total: int, size: int) -> float:
    """(sum of R_i - n (n + 1) / 2) / (N n), with R_i from 1: 0 is perfect, chance is about a half.

    n is `total`, N is `size`. Positives that were never ranked are put below all that were, and N grows by
    them. The whole gallery must be ranked: a ranking that is cut short says nothing about the rest.
    """
    check(ranks, total)
    if len(ranks) and ranks[-1] >= size:
        raise ValueError(f"Rank {ranks[-1]} is not among {size} photos: give how many were ranked.")
    missing = total - len(ranks)
    every = np.concatenate([ranks, np.arange(size, size + missing)])
    return float((every - np.arange(total)).sum() / (total * (size + missing)))
