"""A disk at whose every step a process may end, or that is full from then on."""

import errno
import sqlite3
from pathlib import Path

from resight.gallery.vectors import Disk

FULL = OSError(errno.ENOSPC, "No space left on device")


class Ended(BaseException):
    """What a killed process would have done next, it does not."""


class Ends(Disk):
    """A disk at whose step number `at` the process ends, or the disk is full; of a write, half is done."""

    def __init__(self, at: int, error: BaseException) -> None:
        self.at, self.error, self.steps = at, error, 0

    def _step(self) -> bool:
        self.steps += 1
        return self.steps == self.at

    def write(self, file: int, data: bytes, offset: int) -> None:
        if self._step():
            super().write(file, data[: len(data) // 2], offset)
            raise self.error
        super().write(file, data, offset)

    def sync(self, file: int) -> None:
        if self._step():
            raise self.error
        super().sync(file)

    def commit(self, connection: sqlite3.Connection) -> None:
        if self._step():
            raise sqlite3.OperationalError("disk full") if isinstance(self.error, OSError) else self.error
        super().commit(connection)
        if self._step():  # committed, and the process ends before it knows
            raise sqlite3.OperationalError("late") if isinstance(self.error, OSError) else self.error

    def rename(self, old: Path, new: Path) -> None:
        if self._step():
            raise self.error
        super().rename(old, new)
        if self._step():
            raise self.error

    def sync_names(self, folder: Path) -> None:
        if self._step():
            raise self.error
        super().sync_names(folder)
