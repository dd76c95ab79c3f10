"""A folder of photos on this machine, or on a disk that is mounted on it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from resight import images
from resight.errors import BadQuery
from resight.images.excluding import Excluded
from resight.images.folder import Walk

MISSING = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)
Item = TypeVar("Item")

State = tuple[int, int]
"""Size in bytes, and time of change in ns; of an object a number made of its ETag."""


@dataclass(frozen=True)
class Folder:
    """Keeps the promise `Root`."""

    place: Path
    remote: bool = False

    def __str__(self) -> str:
        return str(self.place)

    def is_there(self) -> bool:
        """Whether it is a folder; raises BadQuery where the system does not let that be known."""
        try:
            return stat.S_ISDIR(self.place.stat().st_mode)
        except OSError as error:
            if error.errno in MISSING:
                return False
            raise BadQuery(f"The folder {self.place} cannot be read: {error.strerror}.") from None

    def is_same(self, other: object) -> bool:
        """Whether another folder is this one."""
        if not isinstance(other, Folder):
            return False
        if self.place.exists() and other.place.exists():
            return self.place.samefile(other.place)
        return self.place.resolve() == other.place.resolve()

    def walk(self, leave_out: Path, exclude: Excluded) -> Walk:
        """All photos in it."""
        return Walk(self.place, leave_out, exclude)

    def state(self, relative: str) -> State:
        """Size and time of change; raises OSError."""
        return file_state((self.place / relative).stat())

    def look(self) -> Callable[[str], State]:
        """Looks at each when it is asked for."""
        return self.state

    def content(self, relative: str) -> bytes:
        """All bytes of a regular file; raises BadImage, and OSError."""
        return images.content(self.place / relative)

    def beginning(self, relative: str, count: int) -> bytes:
        """The first bytes; raises OSError."""
        with open(self.place / relative, "rb") as file:
            return file.read(count)

    def coming(self, items: Iterable[Item], told: Callable[[Item], object]) -> Iterator[Item]:
        """The same items: the system reads ahead itself."""
        return iter(items)

    def is_gone(self, relative: str) -> bool:
        """Whether a file is certainly not there."""
        return is_gone(self.place / relative)

    def locate(self, relative: str) -> Path:
        """The file's path."""
        return self.place / relative


def file_state(status: os.stat_result) -> State:
    """Size in bytes and time of change of a file, as the catalogue holds them.

    SQLite's integers have 64 bits, which end on 2262-04-11 in nanoseconds. A time outside them is stored
    modulo 2**64: the catalogue asks only whether two times are equal.
    """
    return status.st_size, (status.st_mtime_ns + 2**63) % 2**64 - 2**63


def is_gone(path: Path) -> bool:
    """Whether a file is certainly not there: one that cannot be looked at may well be."""
    try:
        path.stat()
    except OSError as error:
        return error.errno in MISSING
    return False
