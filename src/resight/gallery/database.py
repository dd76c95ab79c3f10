"""The catalogue's file: one SQLite database, whose rows are the only truth about a gallery."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from resight.errors import GalleryError, NoGallery, StorageFailed
from resight.gallery.migrations import migrate
from resight.gallery.schema import FORMAT, SCHEMA
from resight.roots.folder import MISSING

NAME = "catalogue.sqlite"
READABLE = (3, FORMAT)
AT_ONCE = 500  # numbers in one question: old SQLites take 999 values


class Selects:
    """Asks the catalogue; raises GalleryError once it was ended."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection: sqlite3.Connection | None = connection

    def all(self, statement: str, *values: Any) -> sqlite3.Cursor:
        """The rows of a SELECT, read as they are asked for."""
        if self._connection is None:
            raise GalleryError("This snapshot of the gallery has ended: take another one.")
        return self._connection.execute(statement, values)

    def one(self, statement: str, *values: Any) -> tuple[Any, ...] | None:
        """The first row of a SELECT; None where there is none."""
        row: tuple[Any, ...] | None = self.all(statement, *values).fetchone()
        return row

    def among(self, statement: str, numbers: Sequence[int], *values: Any) -> Iterator[tuple[Any, ...]]:
        """The rows of a statement that ends with `IN`, for many numbers; `values` come before them."""
        for first in range(0, len(numbers), AT_ONCE):
            some = numbers[first : first + AT_ONCE]
            yield from self.all(f"{statement} ({','.join('?' * len(some))})", *values, *some)

    def end(self) -> None:
        """Ask no more."""
        self._connection = None


def is_there(folder: Path) -> bool:
    """Whether a folder has a catalogue; raises GalleryError where the system does not let that be known."""
    try:
        with reading_errors(folder):
            return stat.S_ISREG((folder / NAME).stat().st_mode)
    except FileNotFoundError:
        return False


def create(folder: Path) -> sqlite3.Connection:
    """Open the catalogue for writing; a new one gets its tables."""
    with storage_errors():
        connection = sqlite3.connect(folder / NAME, isolation_level=None, check_same_thread=False, timeout=30)
    try:
        with storage_errors():
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            if not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
                connection.executescript(
                    f"BEGIN; {SCHEMA} INSERT INTO facts VALUES ('format', {FORMAT}); COMMIT;"
                )
            migrate(connection)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise unreadable(folder, error) from None
    except StorageFailed:
        connection.close()
        raise
    return _checked(connection, folder)


def open_to_read(folder: Path) -> sqlite3.Connection:
    """Open the catalogue for reading, beside a writer; on a read-only disk too."""
    if not is_there(folder):
        raise no_gallery(folder)
    with reading_errors(folder):
        uri = (folder / NAME).resolve().as_uri()
        mode = "mode=ro" if frozen(folder) is None else "mode=ro&immutable=1"
        connection = sqlite3.connect(
            f"{uri}?{mode}", uri=True, isolation_level=None, check_same_thread=False, timeout=30
        )
    return _checked(connection, folder)


def frozen(folder: Path) -> tuple[int, int] | None:
    """Size and time of a catalogue that this process could not write and nobody writes now; else None.

    A write-ahead log needs a place for its shared memory: such a catalogue is read without, as one that does
    not change, and must be opened again once it did.
    """
    if os.access(folder, os.W_OK) or (folder / f"{NAME}-shm").exists():
        return None
    status = (folder / NAME).stat()
    return status.st_size, status.st_mtime_ns


def _checked(connection: sqlite3.Connection, folder: Path) -> sqlite3.Connection:
    try:
        (found,) = connection.execute("SELECT value FROM facts WHERE key = 'format'").fetchone() or (0,)
    except sqlite3.DatabaseError as error:
        connection.close()
        if "no such table" in str(error):  # its first writer has not come further, or never did
            raise no_gallery(folder) from None
        raise unreadable(folder, error) from None
    if found not in READABLE:
        connection.close()
        newer = isinstance(found, int) and found > FORMAT
        advice = "install a newer Resight" if newer else "index the photos into a new gallery"
        raise GalleryError(
            f"The gallery in {folder} has format {found}; this Resight reads format {FORMAT}: {advice}."
        )
    return connection


def must_be_begun(connection: sqlite3.Connection, folder: Path) -> None:
    """Raise NoGallery for a catalogue whose first `index` ended before it knew what it is of."""
    if not connection.execute("SELECT 1 FROM facts WHERE key = 'root'").fetchone():
        raise no_gallery(folder)


def no_gallery(folder: Path) -> NoGallery:
    """The error of a folder that holds none."""
    return NoGallery(f"There is no gallery in {folder}: make one with `resight index`.")


def unreadable(folder: Path, error: sqlite3.DatabaseError | OSError) -> GalleryError:
    """The error of a gallery that the system, or SQLite, cannot read."""
    if isinstance(error, (sqlite3.OperationalError, OSError)):
        why = error.strerror if isinstance(error, OSError) else None
        return GalleryError(
            f"The gallery in {folder} cannot be read ({why or error}): ask for the right to read it, "
            "or name another with --gallery."
        )
    return GalleryError(
        f"The catalogue in {folder} cannot be read ({error}): index the photos into a new gallery."
    )


def to_stored(relative: str) -> str | bytes:
    """A relative path as the catalogue holds it: text, or bytes where the name is not valid UTF-8."""
    try:
        relative.encode("utf8")
    except UnicodeEncodeError:
        return os.fsencode(relative)
    return relative


def from_stored(relative: str | bytes) -> str:
    """The path again, as Python spells it."""
    return os.fsdecode(relative)


@contextmanager
def reading_errors(folder: Path) -> Iterator[None]:
    """What may not be read of a gallery, said in a sentence; FileNotFoundError for what is not there."""
    try:
        yield
    except OSError as error:
        if error.errno in MISSING:
            raise FileNotFoundError(error.errno, error.strerror) from None
        raise unreadable(folder, error) from None
    except sqlite3.DatabaseError as error:
        raise unreadable(folder, error) from None


@contextmanager
def storage_errors() -> Iterator[None]:
    """A full disk, or a broken one, said in a sentence."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StorageFailed(
            f"The gallery could not be written ({error}); nothing committed is lost."
        ) from error
    except OSError as error:
        raise StorageFailed(
            f"The gallery could not be written ({error.strerror or error}); nothing committed is lost."
        ) from error
