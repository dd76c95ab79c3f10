"""Exact search: every row is compared, block by block, at the speed of memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from resight.processors import processors

BLOCK_BYTES = 32 << 20
SMALL = 1 << 18  # multiplications; up to here OpenBLAS has kernels that do not copy the matrix first

Rows = NDArray[np.int64]
Scores = NDArray[np.float32]

NONE: Rows = np.empty(0, np.int64)


def exact(
    vectors: NDArray[np.float32],
    query: NDArray[np.float32],
    k: int,
    deleted: Rows = NONE,
    only: Rows | None = None,
) -> tuple[Rows, Scores]:
    """The k rows of (N, D) `vectors` with the highest dot product with any row of (Q, D) `query`.

    Returns rows and scores, best first; equal scores come in the order of the rows. `deleted` are sorted
    rows to leave out; `only` are sorted rows to look at and no others. Memory beside the vectors:
    the scores of some blocks of 32 MiB of rows, and about 2k rows and scores.
    """
    vectors = np.asarray(vectors)  # a plain view: slices of a memory map itself cost more
    only = None if only is None else only[~np.isin(only, deleted)]
    rows, scores, floor = np.empty(0, np.int64), np.empty(0, np.float32), -np.inf
    for start, found in _scored(vectors, query, only):
        stop = start + len(found)
        numbers = np.arange(start, stop) if only is None else only[start:stop]
        if only is None:
            low, high = np.searchsorted(deleted, (start, stop))
            found[deleted[low:high] - start] = -np.inf
        near = np.flatnonzero(found > floor)
        rows, scores = np.concatenate([rows, numbers[near]]), np.concatenate([scores, found[near]])
        if len(rows) > k:
            rows, scores = _best(rows, scores, k)
            floor = float(scores.min())
    order = np.argsort(-scores, kind="stable")
    return rows[order], scores[order]


def _scored(
    vectors: NDArray[np.float32], query: NDArray[np.float32], only: Rows | None
) -> Iterator[tuple[int, Scores]]:
    """Where a block of rows begins, and the scores of its rows; blocks come in order."""
    total, cores = len(vectors) if only is None else len(only), processors()
    block = max(1, BLOCK_BYTES // (4 * max(1, vectors.shape[1])))
    starts = range(0, total, block)

    def part(start: int) -> NDArray[np.float32]:
        stop = min(start + block, total)
        return vectors[start:stop] if only is None else vectors[only[start:stop]]

    if len(query) == 1:  # the matrix library is at the speed of memory by itself
        yield from ((start, part(start) @ query[0]) for start in starts)
        return
    columns = np.ascontiguousarray(query.T)
    waiting: deque[tuple[int, Future[Scores]]] = deque()
    with ThreadPoolExecutor(cores) as pool:
        for start in starts:
            waiting.append((start, pool.submit(lambda at: _best_pair(part(at), columns), start)))
            if len(waiting) > 2 * cores:
                first, scores = waiting.popleft()
                yield first, scores.result()
        yield from ((first, scores.result()) for first, scores in waiting)


def _best_pair(rows: NDArray[np.float32], columns: NDArray[np.float32]) -> Scores:
    """(N, D) rows, (D, Q) columns -> for each row the largest of its dot products (N,).

    A matrix product this narrow is slow as one; many small ones come near to the speed of the memory
    (results/regions.csv).
    """
    small = max(1, SMALL // columns.size)
    even = len(rows) // small * small
    products = rows[:even].reshape(-1, small, rows.shape[1]) @ columns
    return np.concatenate([_largest(products).ravel(), _largest(rows[even:] @ columns)])


def _largest(products: NDArray[np.float32]) -> Scores:
    """Maxima over a last axis so short that NumPy's own are four times slower."""
    largest = products[..., 0].copy()
    for column in range(1, products.shape[-1]):
        np.maximum(largest, products[..., column], out=largest)
    return largest


def _best(rows: Rows, scores: Scores, k: int) -> tuple[Rows, Scores]:
    """The k highest scores, still in the order of the rows; the lower rows of those equal to the last."""
    last = np.partition(scores, len(scores) - k)[len(scores) - k]
    keep = scores > last
    keep[np.flatnonzero(scores == last)[: k - keep.sum()]] = True
    return rows[keep], scores[keep]
