"""How differently two samples are distributed. Kullback and Leibler, Ann. Math. Statist. 1951.

Histograms of few values have empty bins: one is added to each, so that every divergence is finite.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Probabilities = NDArray[np.float64]


def smoothed_histogram(values: NDArray[Any], bins: int, span: tuple[float, float]) -> Probabilities:
    """(N,) values -> (bins,) probabilities of equal bins over `span`, each count plus 1.

    Values outside of the span count in the first or the last bin.
    """
    counts = 1 + np.histogram(np.clip(values, *span), bins, span)[0]
    probabilities: Probabilities = counts / counts.sum()
    return probabilities


def divergence(observed: Probabilities, expected: Probabilities) -> float:
    """KL(observed || expected) in nats, of two distributions (N,) that are nowhere 0."""
    return float((observed * np.log(observed / expected)).sum())
