"""Append-only files of little-endian float32 rows, and the few things asked of the disk.

Bytes behind the last row of the catalogue are garbage, as a kill leaves it: the next open cuts them off.
"""

from __future__ import annotations

import mmap
import os
import sqlite3
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight.errors import GalleryError
from resight.files import write_at
from resight.gallery.database import reading_errors

FLOAT = np.dtype("<f4")


class Disk:
    """Every write that a gallery's safety rests on goes through here; tests record it, or make it fail."""

    def write(self, file: int, data: bytes, offset: int) -> None:
        """Write all of the bytes at an offset."""
        write_at(file, data, offset)

    def sync(self, file: int) -> None:
        """Return once the bytes are on the disk."""
        os.fsync(file)

    def commit(self, connection: sqlite3.Connection) -> None:
        """Make the catalogue's open transaction last."""
        connection.execute("COMMIT")

    def rename(self, old: Path, new: Path) -> None:
        """Put a finished file in its place, and make its name last."""
        old.replace(new)
        self.sync_names(new.parent)

    def sync_names(self, folder: Path) -> None:
        """Return once the names of a folder's files are on the disk."""
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


class VectorFile:
    """The writer's end of one file: rows of `width` floats, of which `rows` are committed."""

    def __init__(self, path: Path, width: int, rows: int, disk: Disk) -> None:
        self.path, self.width, self.rows, self._disk = path, width, rows, disk
        self._named = rows > 0  # a file of no committed rows may be new, and its name not on the disk yet
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        committed = rows * width * FLOAT.itemsize
        if os.fstat(self._file).st_size < committed:
            os.close(self._file)
            raise _cut_short(path)
        os.ftruncate(self._file, committed)
        self._dirty = False

    def append(self, rows: NDArray[np.float32]) -> tuple[int, int]:
        """Write (N, width) rows; their first row number, and the checksum of their bytes."""
        data = np.ascontiguousarray(rows, dtype=FLOAT).tobytes()
        first = self.rows
        self._disk.write(self._file, data, first * self.width * FLOAT.itemsize)
        self.rows, self._dirty = first + len(data) // (self.width * FLOAT.itemsize), True
        return first, zlib.crc32(data)

    def sync(self) -> None:
        """Make what was appended last; must return before the catalogue commits it."""
        if self._dirty:
            self._disk.sync(self._file)
            if not self._named:
                self._disk.sync_names(self.path.parent)
            self._named, self._dirty = True, False

    def close(self) -> None:
        """Give the file back."""
        os.close(self._file)


def mapped(path: Path, width: int, rows: int, damaged: bool = False) -> NDArray[np.float32]:
    """(rows, width) float32 over the file's memory, or with `damaged` those that are there.

    Else raises CutShort.
    """
    if rows == 0:
        return np.empty((0, width), dtype=FLOAT)
    try:
        with reading_errors(path.parent):
            there = path.stat().st_size // (width * FLOAT.itemsize)
            if there >= rows:
                return np.memmap(path, dtype=FLOAT, mode="r", shape=(rows, width))
    except FileNotFoundError:
        there = 0
    if damaged:
        return mapped(path, width, there)
    raise _cut_short(path)


def is_whole(rows: NDArray[np.float32]) -> bool:
    """Whether the file that was `mapped` still has all these rows.

    A file that somebody copies over is cut first, and reading a mapped row behind its end kills the process
    (SIGBUS). The mapped file itself is asked, for its name may belong to another one by now.
    """
    memory: Any = rows.base
    return not isinstance(memory, mmap.mmap) or memory.size() >= rows.nbytes


class CutShort(GalleryError):
    """A file of vectors is missing, or shorter than its catalogue says."""


def _cut_short(path: Path) -> CutShort:
    return CutShort(
        f"{path.name} is missing or cut short: `resight verify --repair` forgets the photos concerned, "
        "and the next `resight index` describes them again."
    )


def checksum(rows: NDArray[np.float32]) -> int:
    """The CRC-32 of the rows' bytes, as the catalogue holds it."""
    return zlib.crc32(np.ascontiguousarray(rows, dtype=FLOAT).tobytes())
