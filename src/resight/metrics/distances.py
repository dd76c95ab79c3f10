"""How far apart the distances of matching and of non-matching pairs lie. Husain et al. 2019, figure 3.

Neither bins, nor smoothing, nor the logarithm's base are printed there; those here are ours.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resight.divergence import divergence, smoothed_histogram

DISTANCE_EDGES = np.linspace(0, 2, 101)
ROUNDING = 1e-3  # opposite unit vectors in float32 are a little more than 2 apart


def separability(matching: NDArray[np.floating], non_matching: NDArray[np.floating]) -> float:
    """KL(matching || non-matching) in nats, of two samples of Euclidean distances of unit vectors.

    0 where both are distributed alike. The two samples may be of different sizes; the smaller they are, the
    more the smoothing draws the result to 0. A distance outside of [0, 2], or an empty sample: ValueError.
    """
    observed, other = distance_distribution(matching), distance_distribution(non_matching)
    return divergence(observed, other)


def distance_distribution(distances: NDArray[np.floating]) -> NDArray[np.float64]:
    """Distances in [0, 2] -> (100,) probabilities of the bins between DISTANCE_EDGES, each count plus 1."""
    if not len(distances):
        raise ValueError("Separability needs at least one distance of each kind.")
    if not ((distances >= 0) & (distances <= 2 + ROUNDING)).all():
        raise ValueError("Separability is of distances of unit vectors, from 0 to 2: normalise them first.")
    return smoothed_histogram(distances, len(DISTANCE_EDGES) - 1, (0, 2))
