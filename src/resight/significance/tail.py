"""The upper tail of a query's own scores, as that of a normal distribution, from its middle order statistics.

Lloyd, Biometrika 1952: the best linear unbiased estimate from a censored sample. The very first hits are left
out, since true matches may be among them; how far beyond the others chance alone may put the first one is
told from those that follow.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from resight.types import Vectors

FEWEST = 100  # photos; among fewer there are too few for a tail
# How many of the first hits make the tail: a share, or more of few photos, but no more than another share.
DEEPEST, SHARE, ENOUGH, MOST = 1000, 0.03, 60, 0.25
LEFT_OUT = 0.2  # of these, from the first on
RANKS = 32  # of the tail that are looked at
ALIKE = 1e-6  # scores that differ by a smaller share are all one, but for rounding
NORMAL = NormalDist()

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Tail:
    """Scores of `size` photos by chance: normal, with this `location` and `spread`, in the upper tail."""

    location: float
    spread: float
    size: int


@dataclass(frozen=True, eq=False)
class Weights:
    """Which scores of so many count: `ranks` (R,) from 1, and what each weighs in location and spread."""

    ranks: NDArray[np.int64]
    location: Numbers
    spread: Numbers


def depth(size: int) -> int:
    """How many of the highest scores of `size` photos are needed for their tail."""
    return min(DEEPEST, max(int(SHARE * size), min(ENOUGH, int(MOST * size))))


def fit_tail(scores: Vectors, size: int) -> Tail | None:
    """(M,) highest scores of `size` photos, descending -> the tail; None where there are too few to tell.

    Of M scores, `depth(size)` are looked at. A query whose scores are all alike has no tail either.
    """
    if size < FEWEST or len(scores) < depth(size):
        return None
    weights = weigh(size)
    chosen = scores[weights.ranks - 1].astype(np.float64)
    found = float(weights.spread @ chosen)
    if not (math.isfinite(found) and found > ALIKE * np.abs(chosen).max()):
        return None
    return Tail(float(weights.location @ chosen), found, size)


@functools.lru_cache(64)
def weigh(size: int) -> Weights:
    """What each of the scores of `size` photos weighs in their tail."""
    last = depth(size)
    ranks = np.unique(np.geomspace(1 + int(LEFT_OUT * last), last, RANKS).round().astype(np.int64))
    means = np.array([NORMAL.inv_cdf(1 - (rank - 0.375) / (size + 0.25)) for rank in ranks.tolist()])  # Blom
    above = ranks / (size + 1)
    density = np.exp(-(means**2) / 2) / math.sqrt(2 * math.pi)
    together = np.minimum.outer(above, above) * (1 - np.maximum.outer(above, above))
    precision = np.linalg.inv(together / (size + 2) / np.outer(density, density))
    design = np.stack([np.ones(len(means)), means])
    location, spread = np.linalg.inv(design @ precision @ design.T) @ design @ precision
    return Weights(ranks, location, spread)
