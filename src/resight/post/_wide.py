"""Principal axes of rows so wide that no D x D matrix fits, from two forms in bounded memory.

The Gram form makes an N x N matrix in float64 and is exact. The random form, for many rows too, is that of
Halko, Martinsson and Tropp (SIAM Review 2011, algorithm 4.4), with products in float32.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight.post import _blocks

OVERSAMPLING = 64  # columns more than asked for, at least; or a quarter of them: the last come out poorly
ITERATIONS = 5
STRIP = 4096  # columns that a product takes at once, so that its result stays in the cache
FLOOR = 1e-9  # of the largest eigenvalue; a direction below it is rounding

Single = NDArray[np.float32]
Double = NDArray[np.float64]


def mean_and_average(sample: NDArray[Any], centre: bool) -> tuple[Double, float]:
    """Mean (D,), zero if not centred, and the average eigenvalue of the covariance: its trace / D."""
    shift = sample[0].astype(np.float32) if centre else np.zeros(sample.shape[1], np.float32)
    total, squares = np.zeros(len(shift)), 0.0
    for part in _blocks.parts(sample):
        away = _less(sample[part], shift)
        total += away.sum(axis=0, dtype=np.float64)
        squares += float(np.einsum("nd,nd->n", away, away).sum(dtype=np.float64))
    mean = total / len(sample) if centre else np.zeros_like(total)
    variance = np.maximum(squares / len(sample) - mean @ mean, 0)  # which keeps what is not a number
    return mean + shift, float(variance) / len(mean)


def by_gram(sample: NDArray[Any], mean: Double, dims: int) -> tuple[Single, Double]:
    """(N, D) -> axes (D, K) and eigenvalues (K,): eigenvectors v of X X^T give the axes X^T v / s."""
    gram = np.zeros((len(sample), len(sample)))
    for strip in _blocks.strips(sample):
        away = sample[:, strip] - mean[strip]
        gram += away @ away.T
    values, turn = _first(gram, dims)
    axes = np.empty((len(mean), len(values)), np.float32)
    for strip in _blocks.strips(sample):
        axes[strip] = (sample[:, strip] - mean[strip]).T @ turn
    return axes, values / len(sample)


def at_random(sample: NDArray[Any], mean: Double, dims: int, seed: int) -> tuple[Single, Double]:
    """(N, D) -> axes (D, K) and eigenvalues (K,): powers of X X^T turn random columns to its eigenvectors."""
    columns = min(dims + max(OVERSAMPLING, dims // 4), *sample.shape)
    shift = mean.astype(np.float32)
    left = np.random.default_rng(seed).standard_normal((len(sample), columns), dtype=np.float32)
    for _ in range(ITERATIONS):
        left = _times(sample, shift, _transposed_times(sample, shift, left))
        left = np.linalg.qr(left.astype(np.float64))[0].astype(np.float32)
    wide = _transposed_times(sample, shift, left)
    values, turn = _first(_blocks.dot_products(wide, wide), dims)
    axes = np.empty((len(mean), len(values)), np.float32)
    for part in _blocks.parts(wide):
        axes[part] = wide[part] @ turn
    return axes, values / len(sample)


def supported(values: Double, dims: int) -> int:
    """How many of the first `dims` directions are more than rounding; values descend."""
    return min(dims, int((values > values[0] * FLOOR).sum()))


def _first(products: Double, dims: int) -> tuple[Double, Double]:
    """The first eigenvalues, descending, and the eigenvectors, each divided by the root of its value."""
    values, vectors = np.linalg.eigh(products)
    values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
    kept = supported(values, dims)
    return values[:kept], vectors[:, :kept] / np.sqrt(values[:kept])


def _times(sample: NDArray[Any], mean: Single, right: Single) -> Single:
    """(N, D) less its mean, times (D, K) -> (N, K)."""
    product = np.empty((len(sample), right.shape[1]), np.float32)
    for part in _blocks.parts(sample):
        np.matmul(_less(sample[part], mean), right, out=product[part])
    return product


def _transposed_times(sample: NDArray[Any], mean: Single, left: Single) -> Single:
    """(N, D) less its mean, transposed, times (N, K) -> (D, K)."""
    product = np.zeros((len(mean), left.shape[1]), np.float32)
    for part in _blocks.parts(sample):
        away = _less(sample[part], mean)
        for first in range(0, len(mean), STRIP):
            strip = slice(first, first + STRIP)
            product[strip] += away[:, strip].T @ left[part]
    return product


def _less(rows: NDArray[Any], mean: Single) -> Single:
    """In float32 whatever the rows are, so that products of it are the fast ones."""
    away: Single = np.subtract(rows, mean, dtype=np.float32)
    return away
