"""How many of the rows that should be found are found: queries of a gallery's own rows, and the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from resight.stores._promise import Rows, Scores
from resight.types import Vectors

QUERIES = 200
K = 100
ENOUGH = 0.9995
BLOCK_ROWS = 32_768
TIE = 1e-6  # two products of equal rows differ by no more


@dataclass(frozen=True, eq=False)
class Sample:
    """Some rows (Q, D) of a gallery as queries, and the K rows (Q, K) nearest to each; -1 stands for none."""

    queries: Vectors
    truth: Rows


def draw(vectors: Vectors, inside: Rows) -> Sample:
    """`QUERIES` of the rows, themselves among what should be found; `inside` are sorted rows to find."""
    random = np.random.default_rng(0)
    chosen = np.sort(random.choice(inside, min(QUERIES, len(inside)), replace=False, shuffle=False))
    queries = np.ascontiguousarray(np.asarray(vectors)[chosen])
    truth, scores = find_nearest(vectors, queries, min(K, len(inside)), inside)
    # which of the rows that are as near as the last one are among the k is chance
    return Sample(queries, np.where(scores > scores.min(axis=1, keepdims=True) + TIE, truth, -1))


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
