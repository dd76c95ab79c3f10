"""Searches that come at the same time read the rows of a gallery once for all of them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from resight.gallery import Snapshot
from resight.searcher.following import open_store
from resight.serving.gathering import Line
from resight.stores import Owners, Rows, Scores, State
from resight.stores._mapped import MappedRows
from resight.types import Vectors

MOST = 16  # queries at once: each takes the scores of a block of rows
AT_ONCE = 2  # groups of queries, each searched for by one core


@dataclass(frozen=True, eq=False)
class Waiting:
    """A query that waits, and what state of the gallery it is to be searched in: a store of that state."""

    state: Hashable
    store: MappedRows
    vector: Vectors
    k: int

    def fits(self, other: Waiting) -> bool:
        """Whether one store can be searched for both."""
        return self.state == other.state


class Together:
    """The queries of one gallery: those that wait are searched for together."""

    def __init__(self) -> None:
        self._line = Line(_search_for, Waiting.fits, AT_ONCE)

    def search(self, state: Hashable, store: MappedRows, vector: Vectors, k: int) -> tuple[Rows, Scores]:
        """The k rows nearest to a vector (D,); queries of one `state` are searched in any one's store."""
        return self._line.ask(Waiting(state, store, vector, k), MOST)


def _search_for(waiting: list[Waiting]) -> list[tuple[Rows, Scores]]:
    store = waiting[0].store
    if len(waiting) == 1:
        return [store.search(waiting[0].vector[None], waiting[0].k)]
    return store.search_each(np.stack([each.vector for each in waiting]), [each.k for each in waiting])


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
        alone = allowed is None and len(vectors) == 1 and bool(np.isfinite(vectors).all())
        if alone and isinstance(self._store, MappedRows):
            return self._together.search(self._state, self._store, vectors[0], k)
        return self._store.search(vectors, k, allowed)

    def take(self, rows: Rows) -> Vectors:
        """The rows themselves."""
        return self._store.take(rows)


def store_state(snapshot: Snapshot) -> tuple[int, int]:
    """Snapshots that agree in it, and in how many rows are deleted, have the same rows."""
    return snapshot.generation.number if snapshot.generation else 0, len(snapshot.vectors)
