"""From what is committed to a snapshot: only what is new is read, but after a refit or a compaction."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np

from resight.gallery.catalogue import Catalogue
from resight.gallery.database import Selects
from resight.gallery.fit_sample import FitSample
from resight.gallery.local import LocalFile, StoredFeatures
from resight.gallery.records import Generation, vectors_name
from resight.gallery.rows import Rows
from resight.gallery.snapshot import Snapshot
from resight.gallery.vectors import is_whole, mapped
from resight.gallery.warned import Warned
from resight.types import Vectors

NO_VECTORS: Vectors = np.empty((0, 1), np.float32)


class Derived:
    """What callers work out of the rows of a gallery, by its state: readers of one state share it.

    To read a row of the catalogue is to wait for Python's lock, so many threads that do the same are slow.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: dict[tuple[int, int, int], dict[str, Any]] = {}

    def of(self, generation: int, rows: int, deleted_until: int) -> dict[str, Any]:
        """That of a state; the one before it is kept too, for those who still read it."""
        state = generation, rows, deleted_until
        with self._lock:
            if state not in self._of:
                self._of = dict(list(self._of.items())[-1:]) | {state: {}}
            return self._of[state]


class Following:
    """The files that a catalogue speaks of, mapped: anew only where they grew.

    A fresh map costs a page fault for every page that is read.
    """

    def __init__(self, folder: Path, derived: Derived | None = None) -> None:
        self._folder, self._generation = folder, 0
        self._vectors = NO_VECTORS
        self._local = LocalFile(folder)
        self._deleted, self._deleted_until = np.empty(0, np.int64), 0
        self._shared = derived or Derived()
        self._derived: dict[str, Any] = {}

    def take(self, selects: Selects, damaged: bool = False, last: bool = True) -> Snapshot:
        """The snapshot of what the catalogue says now; it must say the same for as long as that lives.

        Raises CutShort where bytes are missing; with `damaged`, `vectors` are those that are there. At the
        `last` try, the local features are those that are there: a file of theirs that is damaged keeps nobody
        from searching, or writing.
        """
        self._local.follow(selects, damaged=last)
        catalogue = Catalogue(selects, self._folder)
        current = catalogue.current
        self._follow(current, selects, damaged)
        return Snapshot(
            self._folder,
            current,
            self._vectors,
            self._deleted,
            catalogue,
            Rows(selects, current.number if current else 0),
            FitSample(selects, catalogue, self._folder),
            StoredFeatures(selects, catalogue, self._local),
            Warned(selects, catalogue),
            self._derived,
        )

    def _follow(self, current: Generation | None, selects: Selects, damaged: bool) -> None:
        before = self._vectors, self._deleted_until
        number, width, rows = (current.number, current.width, current.rows) if current else (0, None, 0)
        if number != self._generation:
            self._generation, self._vectors = number, NO_VECTORS
            self._deleted, self._deleted_until = np.empty(0, np.int64), 0
        if width is None:
            self._vectors = NO_VECTORS
        elif self._vectors.shape != (rows, width) or not is_whole(self._vectors):
            self._vectors = mapped(self._folder / vectors_name(number), width, rows, damaged)
        self._follow_deleted(selects)
        if before[0] is not self._vectors or before[1] != self._deleted_until:
            self._derived = self._shared.of(number, len(self._vectors), self._deleted_until)

    def _follow_deleted(self, selects: Selects) -> None:
        spans = selects.all(
            "SELECT sequence, first_row, rows FROM dead WHERE generation = ? AND sequence > ? ORDER BY 1",
            self._generation, self._deleted_until,
        ).fetchall()  # fmt: skip
        if spans:
            rows = [np.arange(first, first + count) for _, first, count in spans]
            self._deleted = np.sort(np.concatenate([self._deleted, *rows]))
            self._deleted_until = spans[-1][0]
