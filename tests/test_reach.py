"""How well a server finds rows, and the rows that are lost in its index."""

import numpy as np
import pytest

from resight.stores import Given
from resight.stores._reach import LOST, measure
from resight.stores._served import Served
from support.rows import clustered

ROWS, WIDTH = 1200, 16
NONE = np.empty(0, np.int64)


class Graph:
    """A server that never comes to the `unreached` rows, and with less effort finds half of what is asked."""

    efforts = ((10, 1), (100, 2))

    def __init__(self, vectors, unreached):
        self.asked = []
        self._vectors, self._reached = vectors, np.setdiff1d(np.arange(len(vectors)), unreached)

    def name(self, served, vectors, depth, candidates):
        self.asked.append((len(vectors), depth, candidates))
        products = vectors @ self._vectors[self._reached].T
        order = np.argsort(-products, axis=1, kind="stable")[:, : depth if candidates > 10 else depth // 2]
        return -np.take_along_axis(products, order, 1), self._reached[order]


def measured(unreached, deleted=NONE, apart=NONE):
    vectors = clustered(ROWS)
    server = Graph(vectors, unreached)
    told = Served("g", 1, 1, WIDTH, ROWS, 0, np.array(apart, np.int64), len(deleted), 0, ())
    return (server, *measure(server, told, Given("g", 1, vectors, np.array(deleted, np.int64))))


def test_a_row_that_is_not_even_found_by_itself_is_lost_and_no_longer_counted():
    _, lost, efforts = measured([7, 300])
    assert lost.tolist() == [7, 300]
    assert [each.recall for each in efforts] == [pytest.approx(0.5, abs=0.01), 1]
    assert [(each.candidates, each.factor) for each in efforts] == [(10, 1), (100, 2)]


def test_rows_that_are_found_or_that_nobody_looks_for_are_not_lost():
    server, lost, efforts = measured([])
    assert lost.tolist() == []
    assert efforts[-1].recall == 1
    assert len(server.asked) == 20  # two efforts by ten times 20 queries: nothing missed is asked for again
    assert measured([7, 300], deleted=[7], apart=[300])[1].tolist() == []


def test_where_many_rows_are_missed_none_is_set_apart_and_the_recall_says_it():
    _, lost, efforts = measured(np.arange(0, 4 * LOST, 2))
    assert lost.tolist() == []
    assert efforts[-1].recall < 1 - LOST / ROWS


def test_few_rows_are_not_measured():
    vectors = clustered(40)
    told = Served("g", 1, 1, WIDTH, 40, 0, NONE, 0, 0, ())
    lost, efforts = measure(Graph(vectors, [3]), told, Given("g", 1, vectors, NONE))
    assert (lost.tolist(), efforts) == ([], ())
