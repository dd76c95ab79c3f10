"""Searches that come at the same time read the rows of a gallery once for all of them."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from resight.gallery import Snapshot
from resight.processors import one_matrix_thread
from resight.searcher.following import open_store
from resight.serving.gathering import Line
from resight.stores import Owners, Rows, Scores, State
from resight.stores._mapped import MappedRows
from resight.types import Vectors

MOST = 16  # searches at once: each takes the scores of a block of rows, once or twice
AT_ONCE = 2  # groups of queries, each searched for by one core


@dataclass(frozen=True, eq=False)
class Waiting:
    """Vectors (Q, D) that wait, and what state of the gallery they are to be searched in: a store of that."""

    state: Hashable
    store: MappedRows
    vectors: Vectors
    ks: Sequence[int]

    def fits(self, other: Waiting) -> bool:
        """Whether one store can be searched for both."""
        return self.state == other.state


class Together:
    """The queries of one gallery: those that wait are searched for together."""

    def __init__(self) -> None:
        self._line = Line(_search_for, Waiting.fits, AT_ONCE)

    def search_each(
        self, state: Hashable, store: MappedRows, vectors: Vectors, ks: Sequence[int]
    ) -> list[tuple[Rows, Scores]]:
        """As a store does; what is asked of one `state` is searched in the store of any who ask."""
        return self._line.ask(Waiting(state, store, vectors, ks), MOST)


def _search_for(waiting: list[Waiting]) -> list[list[tuple[Rows, Scores]]]:
    store = waiting[0].store
    if len(waiting) == 1:
        return [store.search_each(waiting[0].vectors, waiting[0].ks)]
    vectors, ks = np.concatenate([each.vectors for each in waiting]), [k for each in waiting for k in each.ks]
    with one_matrix_thread():  # others search and answer meanwhile
        found = store.search_each(vectors, ks, cores=1)
    ends = itertools.accumulate(len(each.ks) for each in waiting)
    return [found[end - len(each.ks) : end] for each, end in zip(waiting, ends, strict=True)]


class SharedStore:
    """Keeps the promise `Store`, of a snapshot's rows; a query of one vector may be searched with others."""

    def __init__(self, snapshot: Snapshot, together: Together) -> None:
        self._store, self._together = open_store(snapshot), together
        self.exact, self.about = self._store.exact, self._store.about
        self._state = (*store_state(snapshot), len(snapshot.deleted))

    @property
    def state(self) -> State:
        """How far it has followed the gallery."""
        return self._store.state

    def add(self, first_row: int, vectors: Vectors, owners: Owners) -> None:
        """Append rows."""
        self._store.add(first_row, vectors, owners)

    def delete(self, rows: Rows) -> None:
        """Never give these rows again."""
        self._store.delete(rows)

    def search(self, vectors: Vectors, k: int, allowed: Rows | None = None) -> tuple[Rows, Scores]:
        """The k nearest rows."""
        if len(vectors) == 1:
            return self.search_each(vectors, [k], allowed)[0]
        return self._store.search(vectors, k, allowed)

    def search_each(
        self, vectors: Vectors, ks: Sequence[int], allowed: Rows | None = None
    ) -> list[tuple[Rows, Scores]]:
        """Of each vector by itself, with the searches of others that come meanwhile."""
        if allowed is None and isinstance(self._store, MappedRows) and np.isfinite(vectors).all():
            return self._together.search_each(self._state, self._store, vectors, ks)
        return self._store.search_each(vectors, ks, allowed)

    def take(self, rows: Rows) -> Vectors:
        """The rows themselves."""
        return self._store.take(rows)


def store_state(snapshot: Snapshot) -> tuple[int, int]:
    """Snapshots that agree in it, and in how many rows are deleted, have the same rows."""
    return snapshot.generation.number if snapshot.generation else 0, len(snapshot.vectors)
