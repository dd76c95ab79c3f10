"""The sum over the regions of a fixed grid, each by its weight. REMAP: Husain and Bober, IEEE TIP 2019.

The first weights are the KL divergences between the similarities of matching and of other photos at each
region, divided by their mean. REMAP knows which photos match from labels; where there are none, as here,
photos that are each other's nearest by the plain sum stand in for them. Training may go on from there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import NDArray

from resight.divergence import divergence, smoothed_histogram
from resight.errors import BadRecipe

NEEDS = ("equal_counts",)
ADVICE = "weighted-sum needs as many regions in every photo."


def weighted_sum(vectors: Any, parameters: dict[str, Any]) -> Any:
    """(..., R, D) -> (..., 1, D), with the weights (R,)."""
    weights = parameters["weights"]
    if weights.shape[0] != vectors.shape[-2]:
        raise BadRecipe(f"There are {weights.shape[0]} weights for {vectors.shape[-2]} regions; {ADVICE}")
    return array_namespace(vectors).sum(vectors * weights[:, None], axis=-2, keepdims=True)


def fit(
    samples: Iterable[NDArray[np.float32]], *, bins: int = 100, seed: int = 0
) -> dict[str, NDArray[np.float32]]:
    """(R, D) rows of unit length, a photo at a time -> weights (R,) of mean 1; all 1 where no two match.

    A weight is the divergence of similarities, counted in so many `bins`; `seed` draws the pairs that do not
    match. The whole sample is in memory, twice.
    """
    photos = list(samples)
    if len({len(rows) for rows in photos}) > 1:
        raise BadRecipe(ADVICE)
    stacked = np.stack(photos)  # (N, R, D)
    ones, others = _mutual_neighbours(stacked.sum(axis=1))
    if not len(ones):
        return {"weights": np.ones(stacked.shape[1], np.float32)}
    strangers = np.random.default_rng(seed).integers(0, len(photos), (2, 10 * len(ones)))
    strangers = strangers[:, strangers[0] != strangers[1]]
    gains = np.array([_gain(rows, (ones, others), strangers, bins) for rows in stacked.transpose(1, 0, 2)])
    mean = gains.mean()
    return {"weights": (gains / mean if mean > 0 else np.ones_like(gains)).astype(np.float32)}


def _gain(rows: NDArray[Any], matching: Any, strangers: Any, bins: int) -> float:
    """How far the similarities of one region's rows (N, D) of matching pairs lie from those of strangers."""
    match, other = (
        smoothed_histogram((rows[ones] * rows[others]).sum(axis=1), bins, (-1, 1))
        for ones, others in (matching, strangers)
    )
    return divergence(match, other)


def _mutual_neighbours(vectors: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Pairs of rows that are each other's nearest by angle; block by block, never N x N."""
    units = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    nearest = np.empty(len(units), np.int64)
    for start in range(0, len(units), 1024):
        scores = units[start : start + 1024] @ units.T
        scores[np.arange(len(scores)), np.arange(start, start + len(scores))] = -np.inf
        nearest[start : start + 1024] = scores.argmax(axis=1)
    here = np.arange(len(units))
    mutual = (nearest[nearest] == here) & (here < nearest)
    return here[mutual], nearest[mutual]
