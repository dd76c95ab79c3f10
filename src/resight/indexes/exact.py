"""Exact search: every row is compared, block by block, at the speed of memory."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from resight.processors import processors

BLOCK_BYTES = 64 << 20
SMALL = 1 << 18  # multiplications; up to here OpenBLAS has kernels that do not copy the matrix first

Rows = NDArray[np.int64]
Scores = NDArray[np.float32]


def exact(
    vectors: NDArray[np.float32],
    query: NDArray[np.float32],
    k: int,
    dead: Sequence[tuple[int, int]] = (),
    only: Rows | None = None,
) -> tuple[Rows, Scores]:
    """The k rows of (N, D) `vectors` with the highest dot product with any row of (Q, D) `query`.

    Returns rows and scores, best first; equal scores come in the order of the rows. `dead` are spans
    (first, count) to leave out; `only` are sorted rows to look at and no others. Memory beside the vectors:
    the scores of a block of 64 MiB of rows, and about 2k rows and scores.
    """
    compare = _one if len(query) == 1 else _best_pair
    vectors = np.asarray(vectors)  # a plain view: slices of a memory map itself cost more
    gone = _rows(dead)
    only = None if only is None else only[~np.isin(only, gone)]
    total = len(vectors) if only is None else len(only)
    block = max(1, BLOCK_BYTES // (4 * max(1, vectors.shape[1])))
    rows, scores, floor = np.empty(0, np.int64), np.empty(0, np.float32), -np.inf
    for start in range(0, total, block):
        stop = min(start + block, total)
        part = vectors[start:stop] if only is None else vectors[only[start:stop]]
        found = compare(part, query)
        numbers = np.arange(start, stop) if only is None else only[start:stop]
        if only is None:
            low, high = np.searchsorted(gone, (start, stop))
            found[gone[low:high] - start] = -np.inf
        near = np.flatnonzero(found > floor)
        rows, scores = np.concatenate([rows, numbers[near]]), np.concatenate([scores, found[near]])
        if len(rows) > k:
            rows, scores = _best(rows, scores, k)
            floor = float(scores.min())
    order = np.argsort(-scores, kind="stable")
    return rows[order], scores[order]


def _one(rows: NDArray[np.float32], query: NDArray[np.float32]) -> Scores:
    """(N, D) rows, (1, D) query -> their dot products (N,)."""
    scores: Scores = rows @ query[0]
    return scores


def _best_pair(rows: NDArray[np.float32], query: NDArray[np.float32]) -> Scores:
    """(N, D) rows, (Q, D) query -> for each row the largest of its dot products (N,).

    A matrix product this narrow is slow as one: many small ones on all cores come near to the speed of the
    memory (results/regions.csv).
    """
    columns, cores = np.ascontiguousarray(query.T), processors()
    small = max(1, SMALL // columns.size)
    share = max(small, -(-len(rows) // (cores * small)) * small)

    def work(start: int) -> Scores:
        part = rows[start : start + share]
        even = len(part) // small * small
        products = part[:even].reshape(-1, small, part.shape[1]) @ columns
        return np.concatenate([_largest(products).ravel(), _largest(part[even:] @ columns)])

    with ThreadPoolExecutor(cores) as pool:
        return np.concatenate(list(pool.map(work, range(0, len(rows), share))))


def _largest(products: NDArray[np.float32]) -> Scores:
    """Maxima over a last axis so short that NumPy's own are four times slower."""
    largest = products[..., 0].copy()
    for column in range(1, products.shape[-1]):
        np.maximum(largest, products[..., column], out=largest)
    return largest


def _rows(spans: Sequence[tuple[int, int]]) -> Rows:
    """Spans (first, count) -> all of their rows, sorted."""
    firsts, counts = np.array(spans, dtype=np.int64).reshape(-1, 2).T
    before = np.cumsum(counts) - counts
    return np.sort(np.repeat(firsts - before, counts) + np.arange(counts.sum()))


def _best(rows: Rows, scores: Scores, k: int) -> tuple[Rows, Scores]:
    """The k highest scores, still in the order of the rows; the lower rows of those equal to the last."""
    last = np.partition(scores, len(scores) - k)[len(scores) - k]
    keep = scores > last
    keep[np.flatnonzero(scores == last)[: k - keep.sum()]] = True
    return rows[keep], scores[keep]
