"""The nearest neighbours of every row of a gallery: worked out once, kept, updated when rows come and go."""

from __future__ import annotations

import threading
import warnings
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resight.errors import BadSetting
from resight.processors import processors
from resight.ranking import Numbers, Photos
from resight.rerankers import _graph_file
from resight.rerankers._closest import Places, blocks, compare
from resight.types import Vectors

IN_MEMORY = 4  # graphs
LONG = 20_000  # rows to compare with all others; from here on the user is told
MOST = 10_000  # neighbours of a row; a slip of the keyboard would take all memory
SPEED = 30e9  # multiplications and additions a second and core, about


@dataclass(frozen=True, eq=False)
class Graph:
    """`rows` (M,) int64: the numbers of the living rows, ascending.

    `neighbours` (M, k) int32: which of `rows` are nearest to each, itself left out, nearest first, -1 where
    there are fewer than k. `similarities` (M, k) float32: their dot products, -inf where there is none.
    """

    rows: Numbers
    neighbours: NDArray[np.int32]
    similarities: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.rows)


_kept: OrderedDict[tuple[str, Path | None, int], Graph] = OrderedDict()
_lock = threading.Lock()  # threads that need the same graph wait for the first of them


def neighbours(photos: Photos, k: int) -> Graph:
    """The k nearest rows of each living row, by dot product; exact.

    Kept in memory, and in a file of `photos.folder` that may be deleted at any time. If rows were added
    since, only those are compared with all others; if rows died, only those that had them as neighbours.
    Such a graph is the one made anew, but for the rounding of products and the order of equal ones.

    Beside the graph (12 bytes a row and k, while it is made 24) it takes some 60 MiB a core.
    """
    if k > MOST:
        raise BadSetting(f"A graph of neighbours takes at most {MOST:,} for 'k', not {k:,}.")
    living, key = np.flatnonzero(photos.owners >= 0), (photos.identity, photos.folder, k)
    with _lock:
        graph = _kept.pop(key, None) or _read(photos, k)
        if graph is None or not np.array_equal(graph.rows, living):
            graph = _updated(graph or _empty(k), photos, living)
            _graph_file.write(photos, k, (graph.rows, graph.neighbours, graph.similarities))
        _kept[key] = graph
        while len(_kept) > IN_MEMORY:
            _kept.popitem(last=False)
    return graph


def _read(photos: Photos, k: int) -> Graph | None:
    arrays = _graph_file.read(photos, k)
    return Graph(*arrays) if arrays else None


def _empty(k: int) -> Graph:
    return Graph(np.empty(0, np.int64), *_lists(0, k))


def _lists(count: int, k: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Of so many rows, none with a neighbour yet."""
    return np.full((count, k), -1, np.int32), np.full((count, k), -np.inf, np.float32)


def _updated(graph: Graph, photos: Photos, living: Numbers) -> Graph:
    """The graph of the living rows; those that it had already keep what they know."""
    stay = np.isin(graph.rows, living, assume_unique=True)
    listed, lost = _without_the_dead(graph, stay)
    if 2 * len(lost) > stay.sum():  # then all pairs, each once, are fewer
        return _updated(_empty(graph.neighbours.shape[1]), photos, living)
    kept = graph.rows[stay]
    numbers = np.concatenate([kept, np.setdiff1d(living, kept, assume_unique=True)])
    near, similarities = _lists(len(numbers), listed.shape[1])
    near[: len(kept)], similarities[: len(kept)] = listed, graph.similarities[stay]
    near[lost], similarities[lost] = -1, -np.inf
    _fill(photos, numbers, len(kept), lost, near, similarities)
    order = np.argsort(numbers)
    place = np.full(len(order) + 1, -1, np.int32)  # the last one is that of no neighbour
    place[order] = np.arange(len(order))
    return Graph(numbers[order], place[near[order]], similarities[order])


def _without_the_dead(graph: Graph, stay: NDArray[np.bool_]) -> tuple[NDArray[np.int32], Places]:
    """The neighbours among the rows that stay, and the places of those that have lost one."""
    place = np.full(len(graph) + 1, -1, np.int32)
    place[:-1][stay] = np.arange(stay.sum())
    before = graph.neighbours[stay]
    listed = place[before]
    return listed, np.flatnonzero(((listed < 0) & (before >= 0)).any(axis=1)).astype(np.int32)


def _fill(
    photos: Photos,
    numbers: Numbers,
    kept: int,
    lost: Places,
    near: NDArray[np.int32],
    similarities: NDArray[np.float32],
) -> None:
    """Fill in the lists (M, k) of `numbers`, of which the first `kept` have theirs, but for those `lost`."""
    if not len(numbers):
        return
    width = photos.take(numbers[:1]).shape[1]
    _announce(len(numbers), kept, len(lost), width)

    def take(places: Places) -> Vectors:
        return photos.take(numbers[places])

    places = np.arange(len(numbers), dtype=np.int32)
    if len(lost):
        found = _lists(len(lost), near.shape[1])
        old = blocks(places[:kept], near[:kept], similarities[:kept], width)
        compare(((one, old) for one in blocks(lost, *found, width)), take, both=False)
        near[lost], similarities[lost] = found
    old = blocks(places[:kept], near[:kept], similarities[:kept], width)
    new = blocks(places[kept:], near[kept:], similarities[kept:], width)
    compare(((one, [*new[i:], *old]) for i, one in enumerate(new)), take, both=True)


def _announce(total: int, kept: int, lost: int, width: int) -> None:
    added = total - kept
    if added + lost <= LONG:
        return
    pairs = added * (kept + added / 2) + lost * kept
    minutes = max(1, round(2 * pairs * width / (SPEED * processors() * 60)))
    warnings.warn(
        f"Comparing {added + lost:,} rows with {total:,} for the graph of neighbours, which is kept for "
        f"later queries: about {minutes} {'minute' if minutes == 1 else 'minutes'}.",
        stacklevel=4,
    )
