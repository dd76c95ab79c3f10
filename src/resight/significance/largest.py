"""How likely the largest of many scores is to reach a value by chance, the errors of the fit taken in."""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

from resight.significance.tail import Tail

NODES = 31  # of the integral over the errors of the fit


def chance(tail: Tail, score: float) -> float:
    """The probability that any of the tail's photos has this score or a higher one, if none is a match.

    1 less the normal distribution to the power of the number of photos, in the mean over what location and
    spread may be, given their errors.
    """
    place = (score - tail.location) / tail.spread
    location, both, spread = tail.errors
    error = math.sqrt(max(0.0, location + 2 * place * both + place**2 * spread))
    nodes, weights = _nodes()
    return float(
        sum(
            weight * _reached(place + error * node, tail.size)
            for node, weight in zip(nodes, weights, strict=True)
        )
    )


def _reached(place: float, size: int) -> float:
    """That any of `size` normal numbers is at `place` or above."""
    above = math.erfc(place / math.sqrt(2)) / 2
    return 1.0 if above >= 1 else -math.expm1(size * math.log1p(-above))


@functools.cache
def _nodes() -> tuple[list[float], list[float]]:
    """Of the Gauss-Hermite quadrature over a normal distribution."""
    nodes: NDArray[np.float64]
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    return nodes.tolist(), (weights / weights.sum()).tolist()
