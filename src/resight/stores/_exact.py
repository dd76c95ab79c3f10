"""Exact search: every row is compared, block by block, at the speed of memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from resight.processors import has_small_kernels, processors
from resight.stores._promise import Rows, Scores
from resight.types import Vectors

BLOCK_BYTES = 32 << 20
SMALL = 1 << 18  # multiplications; up to here OpenBLAS has kernels that do not copy the matrix first
FEW = 8  # columns, which are quicker one by one than by a kernel that copies
CACHED = 256  # rows that stay in a core's cache for all columns


@dataclass(frozen=True, eq=False)
class Piece:
    """Rows that are compared at once: all of `vectors`, or those at the places `chosen`."""

    first: int
    vectors: Vectors
    chosen: Rows | None = None

    def numbers(self, places: Rows) -> Rows:
        """The row numbers at some places of the piece."""
        return self.first + (places if self.chosen is None else self.chosen[places])

    def read(self) -> Vectors:
        """(N, D) the rows themselves."""
        return self.vectors if self.chosen is None else self.vectors[self.chosen]


def exact(
    blocks: Sequence[tuple[int, Vectors]], query: Vectors, k: int, deleted: Rows, only: Rows | None = None
) -> tuple[Rows, Scores]:
    """The k rows with the highest dot product with any row of (Q, D) `query`: rows and scores, best first.

    `blocks` are (N, D) rows, each after the number of its first, in order. Equal scores come in the order of
    the rows. `deleted` are sorted rows to leave out; `only` are sorted rows to look at and no others. Memory
    beside the vectors: the scores of some blocks of 32 MiB of rows, and about 2k rows and scores.
    """
    return _found(blocks, query, [k], deleted, only, _best_pair)[0]


def exact_each(
    blocks: Sequence[tuple[int, Vectors]],
    queries: Vectors,
    ks: Sequence[int],
    deleted: Rows,
    only: Rows | None = None,
    cores: int | None = None,
) -> list[tuple[Rows, Scores]]:
    """Of each of (Q, D) `queries` by itself, what `exact` gives: the rows are read once for all of them.

    `cores`: how many threads read them; None: one for each core.
    """
    return _found(blocks, queries, ks, deleted, only, _products, cores)


def _found(
    blocks: Sequence[tuple[int, Vectors]],
    queries: Vectors,
    ks: Sequence[int],
    deleted: Rows,
    only: Rows | None,
    score: Callable[[Vectors, Vectors], Scores],
    cores: int | None = None,
) -> list[tuple[Rows, Scores]]:
    """The best rows by each column of what `score` gives: as many as each of `ks` says."""
    only = None if only is None else only[~np.isin(only, deleted)]
    best = [_Best(k) for k in ks]
    for piece, scores in _scored(list(_pieces(blocks, only)), queries, score, cores):
        for own, column in zip(best, scores.reshape(len(scores), -1).T, strict=True):
            found = np.ascontiguousarray(column)
            if only is None:
                _leave_out(deleted, piece, found)
            own.take(piece, found)
    return [own.sorted() for own in best]


class _Best:
    """The k best rows so far, in their order, and the score that the next must reach."""

    def __init__(self, k: int) -> None:
        self._k, self._floor = k, -np.inf
        self._rows: Rows = np.empty(0, np.int64)
        self._scores: Scores = np.empty(0, np.float32)

    def take(self, piece: Piece, found: Scores) -> None:
        """The scores of a further piece; one that is no finite number is never found."""
        near = np.flatnonzero(found > self._floor)
        near = near[np.isfinite(found[near])]
        self._rows = np.concatenate([self._rows, piece.numbers(near)])
        self._scores = np.concatenate([self._scores, found[near]])
        if len(self._rows) > self._k:
            self._rows, self._scores = _best(self._rows, self._scores, self._k)
            self._floor = float(self._scores.min(initial=np.inf))

    def sorted(self) -> tuple[Rows, Scores]:
        """Best first."""
        order = np.argsort(-self._scores, kind="stable")
        return self._rows[order], self._scores[order]


def _leave_out(deleted: Rows, piece: Piece, found: Scores) -> None:
    low, high = np.searchsorted(deleted, (piece.first, piece.first + len(found)))
    found[deleted[low:high] - piece.first] = -np.inf


def _pieces(blocks: Sequence[tuple[int, Vectors]], only: Rows | None) -> Iterator[Piece]:
    for first, vectors in blocks:
        vectors = np.asarray(vectors)  # a plain view: slices of a memory map itself cost more
        step = max(1, BLOCK_BYTES // (4 * max(1, vectors.shape[1])))
        if only is None:
            for start in range(0, len(vectors), step):
                yield Piece(first + start, vectors[start : start + step])
        else:
            low, high = np.searchsorted(only, (first, first + len(vectors)))
            for start in range(low, high, step):
                yield Piece(first, vectors, only[start : min(start + step, high)] - first)


def _scored(
    pieces: Sequence[Piece],
    query: Vectors,
    score: Callable[[Vectors, Vectors], Scores],
    cores: int | None = None,
) -> Iterator[tuple[Piece, Scores]]:
    """The scores of the rows of each piece, in order; `score` takes rows (N, D) and columns (D, Q)."""
    if len(query) == 1:  # the matrix library is at the speed of memory by itself
        yield from ((piece, piece.read() @ query[0]) for piece in pieces)
        return
    columns, cores = np.ascontiguousarray(query.T), min(cores or processors(), len(pieces))
    if cores <= 1:
        yield from ((piece, score(piece.read(), columns)) for piece in pieces)
        return
    waiting: deque[tuple[Piece, Future[Scores]]] = deque()
    with ThreadPoolExecutor(cores) as pool:
        for piece in pieces:
            waiting.append((piece, pool.submit(lambda one: score(one.read(), columns), piece)))
            if len(waiting) > 2 * cores:
                first, scores = waiting.popleft()
                yield first, scores.result()
        yield from ((piece, scores.result()) for piece, scores in waiting)


def _best_pair(rows: Vectors, columns: Vectors) -> Scores:
    """(N, D) rows, (D, Q) columns -> for each row the largest of its dot products (N,)."""
    return _largest(_products(rows, columns))


def _products(rows: Vectors, columns: Vectors) -> Scores:
    """(N, D) rows, (D, Q) columns -> (N, Q) their dot products.

    A matrix product this narrow is slow as one, since the rows are copied first, which costs more than the
    product. Many small ones come near to the speed of the memory where the library does not copy them
    (results/regions.csv); elsewhere few columns are taken one by one, while the rows are in the cache.
    """
    count = columns.shape[1]
    if has_small_kernels():
        small = max(1, SMALL // columns.size)
        even = len(rows) // small * small
        products = rows[:even].reshape(-1, small, rows.shape[1]) @ columns
        return np.concatenate([products.reshape(even, count), rows[even:] @ columns])
    if count > FEW:
        return rows @ columns
    even = len(rows) // CACHED * CACHED
    pieces = rows[:even].reshape(-1, 1, CACHED, rows.shape[1])
    products = (pieces @ np.ascontiguousarray(columns.T)[:, :, None])[..., 0]  # (pieces, Q, CACHED)
    return np.concatenate([products.transpose(0, 2, 1).reshape(even, count), rows[even:] @ columns])


def _largest(products: Vectors) -> Scores:
    """Maxima over a last axis so short that NumPy's own are four times slower."""
    largest = products[..., 0].copy()
    for column in range(1, products.shape[-1]):
        np.maximum(largest, products[..., column], out=largest)
    return largest


def _best(rows: Rows, scores: Scores, k: int) -> tuple[Rows, Scores]:
    """The k highest scores, still in the order of the rows; the lower rows of those equal to the last."""
    if k == 0:
        return rows[:0], scores[:0]
    last = np.partition(scores, len(scores) - k)[len(scores) - k]
    keep = scores > last
    keep[np.flatnonzero(scores == last)[: k - keep.sum()]] = True
    return rows[keep], scores[keep]
