"""K-means by matrix products. Lloyd, IEEE TIT 1982; started as Arthur and Vassilvitskii, SODA 2007."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from resight.errors import BadSetting

Rows = NDArray[np.float32]

BLOCK = 8192  # rows whose scores are in memory at a time
START = 10_000  # columns that the first centres are drawn from
ALIKE = 1e-5  # squared distance, in shares of the largest squared length: below it is float32 rounding
SPARE = 100.0  # length of a centre to which no column of unit length is near


def kmeans(columns: Rows, k: int, seed: int) -> Rows:
    """(N, C) of at most unit length -> centres (k, C).

    Fewer distinct columns than k: the centres left over are spare, 100 long, so that no column is ever near
    one; a hard assignment never takes them, and a soft one, as sharp as ours, is exactly 0.
    """
    if k < 1:
        raise BadSetting(f"A vocabulary has one word or more, not k={k}.")
    return lloyd(columns, start(columns, k, np.random.default_rng(seed)))


def start(columns: Rows, k: int, chance: np.random.Generator) -> Rows:
    """First centres (k, C): columns, drawn in proportion to the squared distance to those drawn before.

    A few are drawn each time, and the one that leaves the least behind is taken (their section 5).
    """
    if len(columns) > START:
        columns = columns[np.sort(chance.choice(len(columns), START, replace=False))]
    centres = np.full((k, columns.shape[1]), SPARE / np.sqrt(columns.shape[1]), dtype=np.float32)
    lengths, tries = _lengths(columns), 2 + int(np.log(k))
    drawn, squared = chance.integers(len(columns), size=1), np.full(len(columns), np.inf, dtype=np.float32)
    for number in range(k):
        left = np.minimum(squared[:, None], _squared(columns, lengths, columns[drawn]))
        best = int(left.sum(axis=0, dtype=np.float64).argmin())
        centres[number], squared = columns[drawn[best]], left[:, best]
        squared[squared <= ALIKE * lengths.max()] = 0
        reach = np.cumsum(squared, dtype=np.float64)
        if reach[-1] <= 0:
            break  # every column is a centre: the rest stay spare
        drawn = np.searchsorted(reach, chance.random(tries) * reach[-1], side="right")
    return centres


def lloyd(columns: Rows, centres: Rows, iterations: int = 25, tolerance: float = 1e-4) -> Rows:
    """Centres (k, C) moved to the mean of the columns nearest to each, until it no longer pays.

    That is when the sum of squared distances falls by less than `tolerance` of itself. A centre without
    columns goes to the column that is farthest from all centres, or is spare where there is none.
    """
    lengths, before = _lengths(columns), np.inf
    for _ in range(iterations):
        nearest, squared = assigned(columns, lengths, centres)
        error = float(squared.sum(dtype=np.float64))
        if error > before * (1 - tolerance) or error == 0:
            break
        before = error
        centres = _filled(columns, lengths, _means(columns, nearest, len(centres)), squared)
    return centres


def assigned(columns: Rows, lengths: Rows, centres: Rows) -> tuple[NDArray[np.intp], Rows]:
    """The nearest centre of each column (N,), and the squared distance to it (N,)."""
    nearest, squared = np.empty(len(columns), dtype=np.intp), np.empty(len(columns), dtype=np.float32)
    half = _lengths(centres) / 2
    for block in blocks(len(columns)):
        scores = columns[block] @ centres.T
        scores -= half
        nearest[block] = scores.argmax(axis=1)
        best = np.take_along_axis(scores, nearest[block, None], axis=1)[:, 0]
        squared[block] = np.maximum(lengths[block] - 2 * best, 0)
    return nearest, squared


def blocks(count: int) -> Iterator[slice]:
    """Slices of rows, few enough that their scores fit into the processor's cache."""
    return (slice(first, first + BLOCK) for first in range(0, count, BLOCK))


def _means(columns: Rows, nearest: NDArray[np.intp], k: int) -> Rows:
    """Mean of the columns of each centre (k, C); not a number where there are none."""
    sums, words = np.zeros((k, columns.shape[1])), np.arange(k)
    for block in blocks(len(columns)):
        members = (words[:, None] == nearest[block]).astype(np.float32)
        sums += members @ columns[block]
    with np.errstate(invalid="ignore"):
        means: Rows = (sums / np.bincount(nearest, minlength=k)[:, None]).astype(np.float32)
    return means


def _filled(columns: Rows, lengths: Rows, means: Rows, squared: Rows) -> Rows:
    for empty in np.flatnonzero(np.isnan(means[:, 0])):
        farthest = int(squared.argmax())
        if squared[farthest] > ALIKE * lengths.max():
            means[empty] = columns[farthest]
            squared = np.minimum(squared, _squared(columns, lengths, means[[empty]])[:, 0])
        else:
            means[empty] = SPARE / np.sqrt(columns.shape[1])
    return means


def _lengths(rows: Rows) -> Rows:
    """Squared lengths (N,)."""
    squares: Rows = np.einsum("nc,nc->n", rows, rows)
    return squares


def _squared(columns: Rows, lengths: Rows, centres: Rows) -> Rows:
    """Squared distances (N, k) to a few centres."""
    distances: Rows = columns @ (-2 * centres.T)
    distances += lengths[:, None]
    distances += _lengths(centres)
    return np.maximum(distances, 0, out=distances)
