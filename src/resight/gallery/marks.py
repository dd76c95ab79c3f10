"""What people say of two photos: that they show the same, or not. Kept by the contents of both."""

from __future__ import annotations

import os
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path

from resight.errors import BadQuery, Contradicted, StorageFailed
from resight.files import write_whole
from resight.gallery.database import storage_errors
from resight.pairs import DIFFERENT, SAME, grouped

TABLE = (
    "CREATE TABLE IF NOT EXISTS marks (first BLOB, second BLOB, mark TEXT NOT NULL, at TEXT NOT NULL, "
    "PRIMARY KEY (first, second)) WITHOUT ROWID"
)


@dataclass(frozen=True)
class Mark:
    """Two contents, by their SHA-256, and what was said of them."""

    first: bytes
    second: bytes
    mark: str


class Marks:
    """A file of marks: each is on the disk before it is acknowledged; any thread may ask.

    `photos` is the folder of those marked photos that are in no gallery.
    """

    def __init__(self, file: Path) -> None:
        self.file, self.photos = file, file.with_name(f"{file.stem}-photos")
        self._lock = threading.Lock()
        with storage_errors():
            self._connection = sqlite3.connect(
                file, isolation_level=None, check_same_thread=False, timeout=30
            )
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute(TABLE)

    def put(self, first: bytes, second: bytes, mark: str | None) -> None:
        """Say something of two photos, or take it back; raises Contradicted."""
        if first == second:
            raise BadQuery("A photo and itself need no mark.")
        one, two = sorted((first, second))
        with self._lock:
            if mark is not None:
                self._refuse_contradiction(one, two, mark)
            with storage_errors():
                if mark is None:
                    self._connection.execute("DELETE FROM marks WHERE first = ? AND second = ?", (one, two))
                else:
                    self._connection.execute(
                        "INSERT OR REPLACE INTO marks VALUES (?, ?, ?, datetime('now'))", (one, two, mark)
                    )

    def of(self, content: bytes) -> dict[bytes, str]:
        """What was said of a photo, by the content of the other one."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT second, mark FROM marks WHERE first = ?1 "
                "UNION ALL SELECT first, mark FROM marks WHERE second = ?1",
                (content,),
            )
            return dict(rows.fetchall())

    def all(self) -> list[Mark]:
        """Every mark, the oldest first."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT first, second, mark FROM marks ORDER BY at, first, second"
            )
            return [Mark(*row) for row in rows.fetchall()]

    def keep_photo(self, name: str, data: bytes) -> None:
        """Keep the bytes of a marked photo that is in no gallery; its name begins with its content."""
        target = self.photos / name
        if target.exists():
            return
        try:
            self.photos.mkdir(exist_ok=True)
            write_whole(target, [data], sync=os.fsync)
        except OSError as error:
            raise StorageFailed(
                f"The marked photo could not be kept ({error.strerror}): make room."
            ) from None

    def kept_photo(self, content: bytes) -> Path | None:
        """The file of a marked photo that is in no gallery."""
        return next(self.photos.glob(f"{content.hex()}.*"), None) if self.photos.is_dir() else None

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            self._connection.close()

    def _refuse_contradiction(self, one: bytes, two: bytes, mark: str) -> None:
        """What marks make the same, directly or by way of others, no mark may make different."""
        marks = {
            (first, second): said
            for first, second, said in self._connection.execute("SELECT first, second, mark FROM marks")
            if (first, second) != (one, two)
        } | {(one, two): mark}
        groups = grouped(pair for pair, said in marks.items() if said == SAME)
        for (first, second), said in marks.items():
            if said == DIFFERENT and first in groups and groups[first] == groups.get(second):
                raise Contradicted("Other marks say the opposite of these photos: take one of them back.")
