"""What is about to be committed: bytes that are appended already, and the statements that point at them."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight.errors import GalleryError, StorageFailed
from resight.gallery.catalogue import Catalogue
from resight.gallery.database import Selects, storage_errors
from resight.gallery.following import Following
from resight.gallery.garbage import delete_garbage
from resight.gallery.snapshot import Snapshot
from resight.gallery.vectors import Disk, VectorFile


class Transaction:
    """Append bytes and gather statements; `commit` syncs the ones, then commits the others.

    `committed` is the gallery as the last commit left it, and `catalogue` what it says; `contents` are the
    images that wait for the next commit, by content and turn.
    """

    def __init__(self, folder: Path, connection: sqlite3.Connection, disk: Disk) -> None:
        self.folder, self.disk, self._connection = folder, disk, connection
        self.selects = Selects(connection)
        self.catalogue = Catalogue(self.selects, folder)
        self.lock = threading.Lock()
        self.contents: dict[tuple[bytes, int], int] = {}
        self._following = Following(folder)
        self._statements: list[tuple[str, tuple[Any, ...]]] = []
        self._open: dict[str, VectorFile] = {}
        self._failed = False
        self.committed: Snapshot = self._following.take(self.selects, damaged=True)

    def __len__(self) -> int:
        """How many statements wait for the next commit."""
        return len(self._statements)

    def close(self) -> None:
        """Let go of the files; what was not committed is gone."""
        for file in self._open.values():
            file.close()
        self._open = {}
        self.selects.end()

    def must_be_whole(self) -> None:
        """Raise CutShort where files of the current generation are shorter than the catalogue says."""
        self._following.take(self.selects, last=False)

    def delete_garbage(self) -> None:
        """Delete the files that no row of the catalogue names."""
        delete_garbage(self.folder, self.selects)

    def later(self, statement: str, *values: Any) -> None:
        """A statement for the next commit."""
        self._statements.append((statement, values))

    def set(self, key: str, value: Any) -> None:
        """A fact for the next commit."""
        self.later("INSERT OR REPLACE INTO facts VALUES (?, ?)", key, value)

    def file(self, name: str, width: int, rows: int) -> VectorFile:
        """A file to append to, of which so many rows are committed; opened once."""
        if name not in self._open:
            with storage_errors():
                self._open[name] = VectorFile(self.folder / name, width, rows, self.disk)
        if self._open[name].width != width:
            raise GalleryError(f"{name} holds vectors of {self._open[name].width} numbers, not {width}.")
        return self._open[name]

    def append(self, file: VectorFile, rows: NDArray[np.float32]) -> tuple[int, int]:
        """Write rows; their first row number, and the checksum of their bytes."""
        with storage_errors():
            return file.append(rows)

    def let_go(self, name: str) -> None:
        """Close a file that is not needed any more."""
        if name in self._open:
            self._open.pop(name).close()

    def let_go_vectors(self, keep: str) -> None:
        """Close the vectors of all generations but one."""
        for name in [name for name in self._open if name.startswith("vectors") and name != keep]:
            self.let_go(name)

    def commit(self) -> bool:
        """Make everything so far last; false if there was nothing. Raises StorageFailed, from then on."""
        with self.lock:
            if not self._statements:
                return False
            if self._failed:  # a second sync may succeed although the first one's bytes are lost
                raise StorageFailed("The gallery could not be written before: open it again.")
            self._failed = True
            with storage_errors():
                for file in self._open.values():
                    file.sync()
                self._say_lengths()
                self._execute()
            self._statements, self._failed = [], False
            self.contents.clear()
        self.committed = self._following.take(self.selects, damaged=True)
        return True

    def _execute(self) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for statement, values in self._statements:
                self._connection.execute(statement, values)
            self.disk.commit(self._connection)
        except sqlite3.Error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _say_lengths(self) -> None:
        """The catalogue says how long each file is; bytes behind that are garbage."""
        for name, file in self._open.items():
            if name.startswith("kept"):
                self.set("kept_length", file.rows)
            elif name.startswith("local"):
                self.set("local_rows", file.rows)
            else:
                number = int(name.partition("-")[2].partition(".")[0])
                self.later(
                    "UPDATE generations SET rows = ?, width = ? WHERE number = ?",
                    file.rows, file.width, number,
                )  # fmt: skip
