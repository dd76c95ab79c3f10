"""Fast global k-means. Likas, Vlassis and Verbeek, Pattern Recognition 2003, section 3.1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Labels = NDArray[np.int64]

ROUNDS = 300  # k-means on a plane settles far sooner
BLOCK = 32  # rows of differences at once: they stay in the cache
ROUNDING = 2e-5  # well above what float32 loses on a term of a reduction and on adding it; a term is below 8


def fast_global_kmeans(points: Points, count: int) -> Labels:
    """(N, D) -> (N,) labels 0 to `count - 1`, in the order in which the clusters were added.

    One cluster is added at a time: it starts at the sample that surely lowers the squared error most, and
    k-means runs on from there. Nothing is drawn by chance. With few distinct points clusters stay empty.
    """
    centres = points.mean(axis=0, keepdims=True)
    labels = np.zeros(len(points), dtype=np.int64)
    for _ in range(count - 1):
        start = best_start(points, _squared(points, centres).min(axis=0))
        centres, labels = _settle(points, np.concatenate([centres, points[start : start + 1]]))
    return labels


def best_start(points: Points, distances: NDArray[np.float64]) -> int:
    """(N, D), squared distance of each to its centre (N,) -> the first sample n with the largest
    `b_n = sum_j max(distances_j - |x_n - x_j|^2, 0)`.

    All samples are candidates: b in float32 matrix products, then exactly for those that rounding could
    have put in the wrong order.
    """
    rough = _reductions(points, distances)
    near = np.flatnonzero(rough >= rough.max() - len(points) * ROUNDING)
    best, largest = 0, -1.0
    for candidate in near:
        away = _squared(points, points[candidate : candidate + 1])[0]
        reduction = float(np.maximum(distances - away, 0).sum())
        if reduction > largest:
            best, largest = int(candidate), reduction
    return best


def _reductions(points: Points, distances: NDArray[np.float64]) -> NDArray[np.float32]:
    """The b_n in float32, as shares of the square of the farthest coordinate from the mean."""
    centred = points - points.mean(axis=0)
    span = float(np.abs(centred).max()) or 1.0
    centred = centred / span
    norms, ones = (centred**2).sum(axis=1), np.ones(len(points), dtype=np.float32)
    # distances_j - |x_n|^2 - |x_j|^2 + 2 x_n x_j is one product
    left = np.column_stack([2 * centred, -norms, ones]).astype(np.float32)
    right = np.vstack([centred.T, ones, distances / span**2 - norms]).astype(np.float32)
    found = np.empty(len(points), dtype=np.float32)
    zeros = np.zeros((BLOCK, len(points)), dtype=np.float32)  # a maximum with an array is faster than with 0
    for start in range(0, len(points), BLOCK):
        terms = left[start : start + BLOCK] @ right
        np.maximum(terms, zeros[: len(terms)], out=terms)
        found[start : start + BLOCK] = terms @ ones
    return found


def _settle(points: Points, centres: Points) -> tuple[Points, Labels]:
    """k-means from these centres until no label changes; a centre that loses its points stays."""
    labels = np.full(len(points), -1)
    for _ in range(ROUNDS):
        before, labels = labels, _squared(points, centres).argmin(axis=0)
        if (labels == before).all():
            break
        sizes = np.bincount(labels, minlength=len(centres))
        sums = [np.bincount(labels, axis, len(centres)) for axis in points.T]
        means = np.column_stack(sums) / np.maximum(sizes, 1)[:, None]
        centres = np.where(sizes[:, None] > 0, means, centres)
    return centres, labels


def _squared(points: Points, centres: Points) -> NDArray[np.float64]:
    """(N, D), (K, D) -> (K, N) squared distances, by differences: no digits are lost."""
    found = np.zeros((len(centres), len(points)))
    for axis in range(points.shape[1]):
        found += (points[None, :, axis] - centres[:, axis, None]) ** 2
    return found
