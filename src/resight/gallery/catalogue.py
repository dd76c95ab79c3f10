"""The catalogue: one SQLite file, whose rows are the only truth about a gallery."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from resight.errors import GalleryError, NoGallery, StorageFailed
from resight.gallery.migrations import migrate

NAME = "catalogue.sqlite"
FORMAT = 4
READABLE = (3, FORMAT)
MISSING = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)

SCHEMA = """
CREATE TABLE facts (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE images (
    id INTEGER PRIMARY KEY,
    sha256 BLOB NOT NULL,
    turn INTEGER NOT NULL DEFAULT 0,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    kept_first INTEGER,
    kept_shapes TEXT,
    kept_crc INTEGER,
    warnings TEXT,
    UNIQUE (sha256, turn)
);
CREATE TABLE files (
    relative PRIMARY KEY,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    image INTEGER REFERENCES images (id),
    failure TEXT
) WITHOUT ROWID;
CREATE INDEX files_image ON files (image);
CREATE TABLE generations (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    purpose TEXT NOT NULL,
    width INTEGER,
    rows INTEGER NOT NULL DEFAULT 0,
    parameters TEXT,
    provenance TEXT NOT NULL
);
CREATE TABLE descriptors (
    generation INTEGER NOT NULL REFERENCES generations (number),
    first_row INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    image INTEGER NOT NULL,
    crc INTEGER NOT NULL,
    regions TEXT,
    PRIMARY KEY (generation, first_row)
) WITHOUT ROWID;
CREATE UNIQUE INDEX descriptors_image ON descriptors (image, generation);
CREATE TABLE samples (parameters TEXT, sha256 BLOB, PRIMARY KEY (parameters, sha256)) WITHOUT ROWID;
CREATE TABLE local (
    image INTEGER PRIMARY KEY,
    first_row INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    crc INTEGER NOT NULL
);
CREATE TABLE dead (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    generation INTEGER NOT NULL,
    first_row INTEGER NOT NULL,
    rows INTEGER NOT NULL
);
"""


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
        raise GalleryError(
            f"The gallery in {folder} has format {found}; this Resight reads format {FORMAT}: "
            "index the photos into a new gallery."
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
