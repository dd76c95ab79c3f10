"""Measures against their definitions, one rank at a time."""

import random

import pytest

from resight.metrics import average_precision, recall_at


def slow_average_precision(relevant: list[bool], total: int) -> float:
    """Precision at the rank of each relevant item, counted anew at each rank."""
    result = 0.0
    for rank in range(1, len(relevant) + 1):
        if relevant[rank - 1]:
            result += sum(relevant[:rank]) / rank
    return result / total


def test_average_precision_is_its_definition():
    chance = random.Random(0)
    for _ in range(500):
        relevant = [chance.random() < 0.3 for _ in range(chance.randint(0, 60))]
        total = sum(relevant) + chance.choice([0, 0, 1, 7])
        if total:
            expected = slow_average_precision(relevant, total)
            assert average_precision(relevant, total) == pytest.approx(expected, abs=1e-12)


def test_average_precision_by_hand():
    assert average_precision([True, False, True, False], 2) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision([True, True], 2) == 1
    assert average_precision([False, True], 1) == 0.5
    assert average_precision([True], 4) == 0.25  # three were never ranked
    assert average_precision([False] * 9, 1) == average_precision([], 1) == 0


def test_average_precision_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        average_precision([False], 0)


def test_recall_asks_for_one_among_the_first_k():
    relevant = [False, False, True, True]
    assert [recall_at(relevant, k) for k in (1, 2, 3, 4, 99)] == [0, 0, 1, 1, 1]
