"""Rows where they lie, in a gallery's own file or in memory: appended, deleted, compared one and all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from resight.processors import matrix_threads_for
from resight.stores._exact import exact, exact_each
from resight.stores._promise import Owners, Rows, Scores, State, check_finite, check_query, check_rows
from resight.types import Vectors


class MappedRows:
    """Keeps what it is given, and copies nothing: so it is made anew for each snapshot of a gallery.

    Rows of a file are read when they are searched, and not before: one of them that is not finite is never
    found.
    """

    exact, about = True, "memory-map: every row is compared"

    def __init__(self, generation: int, width: int) -> None:
        self._generation, self._width, self._rows = generation, width, 0
        self._blocks: list[tuple[int, Vectors]] = []
        self._owners: list[Owners] = []
        self._deleted: Rows = np.empty(0, np.int64)
        self._allowed: tuple[Rows | None, Rows | None] = (
            None,
            None,
        )  # the last that were asked for, their rows

    @property
    def state(self) -> State:
        """How far it has followed the gallery."""
        return State(self._generation, self._rows)

    @property
    def deleted(self) -> Rows:
        """Sorted rows that are never given again."""
        return self._deleted

    def add(self, first_row: int, vectors: Vectors, owners: Owners) -> None:
        """Append (N, D) rows of a file, or of memory; they must not change from now on."""
        check_rows(self.state, self._width, first_row, vectors)
        if not isinstance(vectors, np.memmap):
            check_finite(vectors, first_row)
        self._blocks.append((first_row, np.asarray(vectors)))
        self._owners.append(owners)
        self._rows += len(vectors)
        self._allowed = None, None

    def delete(self, rows: Rows) -> None:
        """Never give these rows again."""
        if len(rows):  # NumPy's own union loads its masked arrays first, which a cold search would pay
            both = np.sort(np.concatenate([self._deleted, rows]))
            self._deleted = both[np.append(True, both[1:] != both[:-1])]

    def search(self, vectors: Vectors, k: int, allowed: Rows | None = None) -> tuple[Rows, Scores]:
        """The k nearest rows, every row compared; the same `allowed` again costs nothing."""
        check_query(vectors)
        only = None if allowed is None else self.rows_of(allowed)
        with matrix_threads_for(self._rows * vectors.size):
            return exact(self._blocks, vectors, k, self._deleted, only)

    def search_each(
        self, vectors: Vectors, ks: Sequence[int], allowed: Rows | None = None, cores: int | None = None
    ) -> list[tuple[Rows, Scores]]:
        """Of each of (Q, D) vectors by itself the k nearest rows; the rows are read once for all of them.

        `cores`: how many threads read them; None: one for each core.
        """
        check_query(vectors)
        only = None if allowed is None else self.rows_of(allowed)
        with matrix_threads_for(self._rows * vectors.size):
            return exact_each(self._blocks, vectors, ks, self._deleted, only, cores)

    def search_from(self, first: int, vectors: Vectors, k: int) -> tuple[Rows, Scores]:
        """The k nearest of the rows from `first` on, every one of them compared."""
        blocks = [(max(at, first), rows[max(0, first - at) :]) for at, rows in self._blocks]
        with matrix_threads_for(max(0, self._rows - first) * vectors.size):
            return exact([block for block in blocks if len(block[1])], vectors, k, self._deleted)

    def rows_of(self, allowed: Rows) -> Rows:
        """The sorted rows of these images; the same images again cost nothing."""
        if allowed is not self._allowed[0] or self._allowed[1] is None:
            self._allowed = allowed, np.flatnonzero(np.isin(self._owners_of_rows(), allowed))
        assert self._allowed[1] is not None
        return self._allowed[1]

    def take(self, rows: Rows) -> Vectors:
        """(M,) row numbers -> (M, D) float32, a copy."""
        if len(self._blocks) == 1:
            return _take(self._blocks[0][1], rows)
        taken = np.empty((len(rows), self._width), np.float32)
        for first, vectors in self._blocks:
            inside = (rows >= first) & (rows < first + len(vectors))
            taken[inside] = vectors[rows[inside] - first]
        return taken

    def _owners_of_rows(self) -> Rows:
        return np.concatenate([owners() for owners in self._owners] or [np.empty(0, np.int64)])


def _take(vectors: Vectors, rows: Rows) -> Vectors:
    if len(rows) > 1 and rows[-1] - rows[0] == len(rows) - 1 and (np.diff(rows) == 1).all():
        return vectors[rows[0] : rows[-1] + 1].copy()  # a block comes faster than its rows one by one
    return vectors[rows]
