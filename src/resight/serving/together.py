"""Searches that come at the same time read the rows of a gallery once for all of them."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np

from resight.gallery import Snapshot
from resight.searcher.following import open_store
from resight.stores import Owners, Rows, Scores, State
from resight.stores._mapped import MappedRows
from resight.types import Vectors

MOST = 16  # queries at once: each takes the scores of a block of rows


@dataclass(frozen=True, eq=False)
class Waiting:
    """A query that waits, and what state of the gallery it is to be searched in."""

    state: Hashable
    vector: Vectors
    k: int
    found: Future[tuple[Rows, Scores]] = field(default_factory=Future)


class Together:
    """The line of one gallery: whoever comes first searches for all that wait by then.

    A search that comes alone is not held up. Those that come while one runs are searched for by the next.
    """

    def __init__(self) -> None:
        self._lock, self._turn = threading.Lock(), threading.Lock()
        self._line: list[Waiting] = []

    def search(self, state: Hashable, store: MappedRows, vector: Vectors, k: int) -> tuple[Rows, Scores]:
        """The k rows nearest to a vector (D,); queries of one `state` are searched in any one's store."""
        mine = Waiting(state, vector, k)
        with self._lock:
            self._line.append(mine)
        with self._turn:
            if not mine.found.done():
                self._search_for(self._taken(mine), store)
        return mine.found.result()

    def _taken(self, mine: Waiting) -> list[Waiting]:
        """The own query, and others of its state."""
        with self._lock:
            same = [each for each in self._line if each.state == mine.state and each is not mine]
            chosen = [mine, *same[: MOST - 1]]
            gone = set(map(id, chosen))
            self._line = [each for each in self._line if id(each) not in gone]
        return chosen

    def _search_for(self, chosen: list[Waiting], store: MappedRows) -> None:
        try:
            if len(chosen) == 1:
                answers = [store.search(chosen[0].vector[None], chosen[0].k)]
            else:
                queries = np.stack([each.vector for each in chosen])
                answers = store.search_each(queries, [each.k for each in chosen])
        except BaseException as error:
            for each in chosen:
                each.found.set_exception(error)
            return
        for each, answer in zip(chosen, answers, strict=True):
            each.found.set_result(answer)


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
