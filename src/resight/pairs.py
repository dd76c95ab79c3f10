"""Pairs of photos that show the same instance, and pairs that do not: all, or so many by a seed."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]

Pairs = tuple[Numbers, Numbers]
Thing = TypeVar("Thing", bound=Hashable)

SAME, DIFFERENT = "same", "different"  # what is marked of a pair
MARKED = ("first", "second", "mark")  # columns of a CSV of marks


def matching(labels: NDArray[Any], most: int, draw: np.random.Generator) -> Pairs:
    """(N,) labels, "" for none -> places (P,) and (P,) of two photos of one instance, each pair once."""
    groups = [np.flatnonzero(labels == label) for label in np.unique(labels[labels != ""])]
    sizes = np.array([len(group) for group in groups], np.int64)
    ends, offsets = np.cumsum(sizes * (sizes - 1) // 2), np.cumsum(sizes) - sizes
    chosen = _some(int(ends[-1]) if len(ends) else 0, most, draw)
    group = np.searchsorted(ends, chosen, side="right")
    first, second = _corner(chosen - (ends - sizes * (sizes - 1) // 2)[group])
    members = np.concatenate([*groups, np.empty(0, np.int64)])
    return members[offsets[group] + first], members[offsets[group] + second]


def non_matching(labels: NDArray[Any], most: int, draw: np.random.Generator) -> Pairs:
    """(N,) labels -> places (P,) and (P,) of photos of two instances, or one of them of none.

    Of many photos four times as many pairs are drawn, and those that match are left out.
    """
    first, second = _corner(_some(len(labels) * (len(labels) - 1) // 2, 4 * most, draw))
    differ = np.flatnonzero((labels[first] != labels[second]) | (labels[first] == ""))
    differ = differ[_some(len(differ), most, draw)]
    return first[differ], second[differ]


def connected(first: Sequence[int] | Numbers, second: Sequence[int] | Numbers, count: int) -> Numbers:
    """(count,) groups of places: two are in one where pairs (P,), (P,) join them, also by way of others."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(first), bool), (first, second)), (count, count))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def grouped(pairs: Iterable[tuple[Thing, Thing]]) -> dict[Thing, int]:
    """Each thing of the pairs -> the number of its group: two are in one where pairs join them."""
    places: dict[Thing, int] = {}
    ends = [[places.setdefault(each, len(places)) for each in pair] for pair in pairs]
    first, second = np.array(ends, np.int64).reshape(-1, 2).T
    return dict(zip(places, connected(first, second, len(places)).tolist(), strict=True))


def _some(total: int, most: int, draw: np.random.Generator) -> Numbers:
    """Numbers below `total`, ascending: all, or `most` of them."""
    if total <= most:
        return np.arange(total)
    return np.sort(draw.choice(total, most, replace=False)).astype(np.int64)


def _corner(number: Numbers) -> Pairs:
    """The pair i < j of a number, counted (0, 1), (0, 2), (1, 2), (0, 3), ..."""
    second = ((1 + np.sqrt(1 + 8 * number.astype(np.float64))) // 2).astype(np.int64)
    return number - second * (second - 1) // 2, second
