"""How well lists find, measured on rows of their own gallery."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from resight.stores._list_file import Point
from resight.stores._lists import Lists
from resight.stores._promise import Rows
from resight.stores._recall import ENOUGH, K, draw, shares
from resight.types import Vectors

FACTORS = (2, 4, 8, 16)
LOSS = 0.002  # of recall, which comparing fewer rows may cost


def measure(lists: Lists, vectors: Vectors, inside: Rows) -> tuple[Point, ...]:
    """The recall at K of ever more lists, until all is found; `inside` are sorted rows that the lists hold.

    Some of these rows are looked for, themselves among what should be found.
    """
    sample, points = draw(vectors, inside), []
    for count in _steps(lists.coding.lists):
        found = _ask_one_by_one(lists, sample.queries, count, min(K * FACTORS[-1], len(inside)))
        recalls = shares(found, sample.truth, [K * factor for factor in FACTORS])
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
