"""What a walk found against what the catalogue holds, compared inside SQLite so that memory stays flat."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from itertools import islice

from resight.gallery.database import from_stored, storage_errors, to_stored

REMOVED = "removed"


class Changes:
    """A walk's files (relative path, size, time of change in ns) beside those of a catalogue.

    `turns` are degrees clockwise, 0 to 359, of the files that are to be turned.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        found: Iterable[tuple[str, int, int]],
        turns: Mapping[str, int] | None = None,
    ) -> None:
        turns = turns or {}
        self._connection = connection
        one = connection.execute
        one("DROP TABLE IF EXISTS temp.found")
        one(
            "CREATE TEMP TABLE found "
            "(relative PRIMARY KEY, size INTEGER, mtime_ns INTEGER, turn INTEGER) WITHOUT ROWID"
        )
        rows = ((to_stored(name), size, changed, turns.get(name, 0)) for name, size, changed in found)
        while batch := list(islice(rows, 10_000)):
            with storage_errors():
                one("BEGIN")
                connection.executemany("INSERT OR IGNORE INTO temp.found VALUES (?, ?, ?, ?)", batch)
                one("COMMIT")
        self.found: int = one("SELECT count(*) FROM temp.found").fetchone()[0]

    def paths(self) -> Iterable[str]:
        """The relative paths that the walk found."""
        return (from_stored(path) for (path,) in self._connection.execute("SELECT relative FROM temp.found"))

    def state(self, relative: str) -> tuple[int, int]:
        """Size and time of change of a file that the walk found; of the writing thread alone."""
        row = self._connection.execute(
            "SELECT size, mtime_ns FROM temp.found WHERE relative = ?", (to_stored(relative),)
        ).fetchone()
        return row[0], row[1]

    def to_read(self, retry: bool) -> list[str]:
        """Files that are new, changed or to be turned otherwise; with `retry` also all that have no image."""
        rows = self._connection.execute(
            "SELECT found.relative FROM temp.found LEFT JOIN files USING (relative) "
            "LEFT JOIN images ON images.id = files.image "
            "WHERE files.relative IS NULL OR files.size <> found.size OR files.mtime_ns <> found.mtime_ns "
            "OR images.turn <> found.turn OR (? AND files.image IS NULL) ORDER BY found.relative",
            (retry,),
        )
        return [from_stored(path) for (path,) in rows]

    def vanished(self, unreadable: Iterable[str]) -> list[str]:
        """Files of the catalogue that the walk did not find, but for those it could not look at."""
        rows = self._connection.execute(
            "SELECT files.relative FROM files LEFT JOIN temp.found USING (relative) "
            "WHERE found.relative IS NULL ORDER BY files.relative"
        )
        unknown = tuple(f"{path}/" for path in unreadable)
        paths = (from_stored(path) for (path,) in rows)
        return [path for path in paths if not f"{path}/".startswith(unknown)] if unknown else list(paths)
