"""How well lists find, measured on rows of their own gallery."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from resight.stores._list_file import Point
from resight.stores._lists import Lists
from resight.stores._promise import Rows, Scores
from resight.types import Vectors

QUERIES = 200
K = 100
FACTORS = (2, 4, 8, 16)
LOSS = 0.002  # of recall, which comparing fewer rows may cost
ENOUGH = 0.9995
BLOCK_ROWS = 32_768
TIE = 1e-6  # two products of equal rows differ by no more


def measure(lists: Lists, vectors: Vectors, inside: Rows) -> tuple[Point, ...]:
    """The recall at K of ever more lists, until all is found; `inside` are sorted rows that the lists hold.

    `QUERIES` of these rows are looked for, themselves among what should be found.
    """
    random = np.random.default_rng(0)
    chosen = np.sort(random.choice(inside, min(QUERIES, len(inside)), replace=False, shuffle=False))
    queries = np.ascontiguousarray(np.asarray(vectors)[chosen])
    k = min(K, len(inside))
    truth, scores = find_nearest(vectors, queries, k, inside)
    # which of the rows that are as near as the last one are among the k is chance
    truth = np.where(scores > scores.min(axis=1, keepdims=True) + TIE, truth, -1)
    points = []
    for count in _steps(lists.coding.lists):
        found = _ask_one_by_one(lists, queries, count, min(K * FACTORS[-1], len(inside)))
        recalls = shares(found, truth, [K * factor for factor in FACTORS])
        best = next(place for place, one in enumerate(recalls) if one >= recalls[-1] - LOSS)
        points.append(Point(count, FACTORS[best], round(recalls[best], 5)))
        if recalls[best] >= ENOUGH:
            break
    return tuple(points)


def _ask_one_by_one(lists: Lists, queries: Vectors, count: int, depth: int) -> Rows:
    """(Q, depth) row numbers; for all queries at once FAISS would make tables of gigabytes."""
    return np.concatenate([lists.search(query[None], count, depth)[1] for query in queries])


def _steps(lists: int) -> Iterator[int]:
    """1, 2, 3, 4, 6, 8, 12, 16 ... up to all lists."""
    count = 1
    while count < lists:
        yield count
        if count > 1 and count * 3 // 2 < lists:
            yield count * 3 // 2
        count *= 2
    yield lists


def shares(found: Rows, truth: Rows, counts: Sequence[int]) -> list[float]:
    """Which share of `truth` (Q, K) is among so many of the first of `found` (Q, M), of the same queries.

    Numbers of -1 are none.
    """
    base = (1 + max(truth.max(), found.max())) * np.arange(len(truth))[:, None]
    right = np.isin(np.where(found < 0, -1, found + base), np.where(truth < 0, -2, truth + base))
    total = int((truth >= 0).sum())
    return [float(right[:, :count].sum() / total) if total else 1.0 for count in counts]


def find_nearest(vectors: Vectors, queries: Vectors, k: int, inside: Rows) -> tuple[Rows, Scores]:
    """(Q, k) the rows of `inside` with the largest dot products, and these; every one is compared."""
    rows = np.empty((len(queries), 0), np.int64)
    scores = np.empty((len(queries), 0), np.float32)
    columns = np.ascontiguousarray(queries.T)
    for start in range(0, len(inside), BLOCK_ROWS):
        numbers = inside[start : start + BLOCK_ROWS]
        products = np.asarray(vectors)[numbers] @ columns
        if scores.shape[1] == k:  # few rows of a later block are among the nearest of any query
            near = (products > scores.min(axis=1)).any(axis=1)
            numbers, products = numbers[near], products[near]
        scores = np.concatenate([scores, products.T], axis=1)
        rows = np.concatenate([rows, np.broadcast_to(numbers, (len(queries), len(numbers)))], axis=1)
        if scores.shape[1] > k:
            keep = np.argpartition(-scores, k - 1, axis=1)[:, :k]
            rows, scores = np.take_along_axis(rows, keep, 1), np.take_along_axis(scores, keep, 1)
    return rows, scores
