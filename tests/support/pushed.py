"""A store whose rows are pushed to a server as they are added, and found there."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from resight.progress import Silent
from resight.stores import Given, Owners, Rows, Store

_numbers = itertools.count()


class Pushed:
    """Keeps the promise `Store`; `name` is one of Resight's own stores on servers.

    `share` is so small that whatever can be asked of the server is.
    """

    def __init__(self, file: Any, make: Callable[..., Store], generation: int, width: int) -> None:
        self._file, self._gallery = file, f"pushed-{next(_numbers)}"
        self._make = lambda: make(generation, width, Path("."), self._gallery, share=1e-9, recall=0.9)
        self._vectors = np.empty((0, width), np.float32)
        self._owners: list[Owners] = []
        self._deleted = np.empty(0, np.int64)
        self._generation, self._store = generation, self._make()

    def add(self, first_row: int, vectors: np.ndarray, owners: Owners) -> None:
        self._store.add(first_row, vectors, owners)  # refuses what must be refused
        self._vectors = np.concatenate([self._vectors, vectors])
        self._owners.append(owners)
        self._push()

    def delete(self, rows: Rows) -> None:
        self._deleted = np.union1d(self._deleted, rows).astype(np.int64)
        self._push()

    def _push(self) -> None:
        given = Given(self._gallery, self._generation, self._vectors, self._deleted, self._all_owners)
        if len(self._vectors):
            self._file.keep(Path("."), given, Silent())
        self._store = self._make()
        if len(self._vectors):
            self._store.add(0, self._vectors, self._all_owners)
            self._store.delete(self._deleted)

    def _all_owners(self) -> np.ndarray:
        return np.concatenate([owners() for owners in self._owners])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)
