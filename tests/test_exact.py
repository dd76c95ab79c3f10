"""Exact search equals sorting all scores, whatever is dead, left out, tied, or cut into blocks."""

import numpy as np
import pytest

from resight.indexes import exact as room
from resight.indexes.exact import exact


def slow(vectors, query, k, dead, only):
    """Every row in a loop, float64; equal scores in the order of the rows."""
    gone = {row for first, count in dead for row in range(first, first + count)}
    rows = [row for row in (range(len(vectors)) if only is None else only) if row not in gone]
    scored = [(max(float(vectors[row] @ one) for one in query), row) for row in rows]
    return [row for _, row in sorted(scored, key=lambda one: (-one[0], one[1]))[:k]]


@pytest.mark.parametrize("block", [1, 100, 1 << 20], ids="a {} byte block".format)
@pytest.mark.parametrize("queries", [1, 3])
def test_rows_and_their_order_are_those_of_a_sort(monkeypatch, block, queries):
    monkeypatch.setattr(room, "BLOCK_BYTES", block)
    for seed in range(40):
        random = np.random.default_rng(seed)
        count = int(random.integers(1, 120))
        # small whole numbers: scores are exact in any order of adding, and many are equal
        vectors = random.integers(-2, 3, (count, 4)).astype(np.float32)
        query = random.integers(-2, 3, (queries, 4)).astype(np.float32)
        cuts = np.sort(random.integers(0, count + 1, 6)).tolist()
        dead = [(a, b - a) for a, b in zip(cuts[::2], cuts[1::2], strict=True)] if seed % 2 else []
        random.shuffle(dead)
        only = None if seed % 3 else np.flatnonzero(random.random(count) < 0.5)
        k = int(random.integers(1, 2 * count + 1))
        rows, scores = exact(vectors, query, k, dead, only)
        assert rows.tolist() == slow(vectors, query, k, dead, only), f"seed {seed}"
        np.testing.assert_array_equal(scores, (vectors[rows] @ query.T).max(axis=1))


def test_nothing_alive_is_an_empty_answer():
    vectors, query = np.ones((5, 2), np.float32), np.ones((1, 2), np.float32)
    for dead, only in (([(0, 5)], None), ([], np.empty(0, np.int64)), ([(1, 2)], np.array([1, 2]))):
        rows, scores = exact(vectors, query, 3, dead, only)
        assert rows.tolist() == scores.tolist() == []


def test_scattered_dead_rows_are_left_out():
    vectors = np.random.default_rng(0).standard_normal((100_000, 4), dtype=np.float32)
    dead = [(row, 1) for row in range(0, 100_000, 2)]
    rows, _ = exact(vectors, vectors[1:2], 10, dead)
    order = np.argsort(-(vectors @ vectors[1]), kind="stable")
    assert rows.tolist() == order[order % 2 == 1][:10].tolist()
