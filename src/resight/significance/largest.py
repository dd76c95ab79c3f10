"""How likely the largest of many scores is to reach a value by chance, the errors of the tail taken in.

How many spreads of its fitted tail the largest of N normal scores lies above the location has a distribution
that depends on N alone, since both are linear in the scores (Lloyd, Biometrika 1952). It is drawn here.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

from resight.significance.tail import Tail, weigh

DRAWS = 4096  # of scores by chance
# In spreads above the location, where chance brings the largest of a hundred scores always.
PLACES = np.concatenate([np.linspace(0, 8, 41)[:-1], np.geomspace(8, 64, 20)])
LEAST = 1e-300  # what has a logarithm

Numbers = NDArray[np.float64]


def chance(tail: Tail, score: float) -> float:
    """The probability that any of the tail's photos has this score or a higher one, if none is a match."""
    place = (score - tail.location) / tail.spread
    return float(np.exp(np.interp(place, PLACES, _logarithms(tail.size))))


@functools.lru_cache(64)
def _logarithms(size: int) -> Numbers:
    """Of the probability that the largest of `size` normal scores is at each of the places or above.

    The scores that make a tail are drawn, as order statistics by sums of exponential gaps (Renyi 1953). Those
    above the first of these are not: the probability that any of them is so far out is worked out, so that a
    few draws tell small ones, too.
    """
    weights, random = weigh(size), np.random.default_rng(0)
    values, logarithms = _normal()
    ranks, first = weights.ranks, int(weights.ranks[0])
    gaps = random.standard_gamma(np.diff(ranks, prepend=0), (DRAWS, len(ranks)))
    rest = random.standard_gamma(size + 1 - int(ranks[-1]), DRAWS)
    above = np.cumsum(gaps, axis=1) / (gaps.sum(axis=1) + rest)[:, None]
    scores = np.interp(-np.log(above), -logarithms, values)
    limits = (scores @ weights.location)[:, None] + (scores @ weights.spread)[:, None] * PLACES
    # that one of them is above, as it is above the first
    one = np.exp(np.minimum(np.interp(limits, values, logarithms) - np.log(above[:, :1]), -LEAST))
    with np.errstate(divide="ignore"):
        reached = -np.expm1((first - 1) * np.log1p(-one))
    found: Numbers = np.log(np.maximum(reached.mean(axis=0), LEAST))
    return found


@functools.cache
def _normal() -> tuple[Numbers, Numbers]:
    """Values, and the logarithm of the share of a normal distribution above each.

    scipy.special, which has it, takes longer to import than a search does.
    """
    values = np.linspace(-8, 37, 2251)
    return values, np.log([math.erfc(value / math.sqrt(2)) / 2 for value in values.tolist()])
