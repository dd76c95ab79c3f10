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
DEEPEST, SHARE, SHALLOWEST = 1000, 0.1, 25  # how many of the first hits make the tail
LEFT_OUT = 0.2  # of these, from the first on
RANKS = 32  # of the tail that are looked at
ALIKE = 1e-6  # scores that differ by a smaller share are all one, but for rounding
NORMAL = NormalDist()

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Tail:
    """Scores of `size` photos by chance: normal, with this `location` and `spread`, in the upper tail.

    `errors` are the variance of the location, its covariance with the spread, and the spread's variance, each
    as a share of the spread squared.
    """

    location: float
    spread: float
    size: int
    errors: tuple[float, float, float]


def depth(size: int) -> int:
    """How many of the highest scores of `size` photos are needed for their tail."""
    return min(DEEPEST, max(SHALLOWEST, int(SHARE * size)))


def fit_tail(scores: Vectors, size: int) -> Tail | None:
    """(M,) highest scores of `size` photos, descending -> the tail; None where there are too few to tell.

    Of M scores, `depth(size)` are looked at. A query whose scores are all alike has no tail either.
    """
    if size < FEWEST or len(scores) < depth(size):
        return None
    ranks, location, spread, errors = _weights(size)
    chosen = scores[ranks].astype(np.float64)
    found = float(spread @ chosen)
    if not (math.isfinite(found) and found > ALIKE * np.abs(chosen).max()):
        return None
    return Tail(float(location @ chosen), found, size, errors)


@functools.lru_cache(64)
def _weights(size: int) -> tuple[NDArray[np.int64], Numbers, Numbers, tuple[float, float, float]]:
    """Places of the scores that count, their weights for location and for spread, and the errors of both."""
    last = depth(size)
    ranks = np.unique(np.geomspace(1 + int(LEFT_OUT * last), last, RANKS).round().astype(np.int64))
    means = np.array([NORMAL.inv_cdf(1 - (rank - 0.375) / (size + 0.25)) for rank in ranks.tolist()])  # Blom
    above = ranks / (size + 1)
    density = np.exp(-(means**2) / 2) / math.sqrt(2 * math.pi)
    together = np.minimum.outer(above, above) * (1 - np.maximum.outer(above, above))
    precision = np.linalg.inv(together / (size + 2) / np.outer(density, density))
    design = np.stack([np.ones(len(means)), means])
    errors = np.linalg.inv(design @ precision @ design.T)
    location, spread = errors @ design @ precision
    return ranks - 1, location, spread, (float(errors[0, 0]), float(errors[0, 1]), float(errors[1, 1]))
