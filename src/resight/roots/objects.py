"""Photos in object storage, such as S3, by fsspec, which has a package for each kind of it.

Credentials are found by that package in its own ways; Resight neither takes nor keeps nor prints any.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from resight.errors import BadImage, PhotosUnreachable, ResightError
from resight.images.excluding import Excluded
from resight.images.reading import FILE_LIMIT
from resight.roots.answering import NAMES, Answering, why
from resight.roots.file_systems import open_files
from resight.roots.folder import State
from resight.roots.listing import Found, Listing, found_in, holds_any, version_of
from resight.roots.read_ahead import ReadAhead

Item = TypeVar("Item")
CODES: dict[type[Exception], int] = {FileNotFoundError: errno.ENOENT, PermissionError: errno.EACCES}


@dataclass(frozen=True)
class Objects:
    """Keeps the promise `Root` for an address without a slash at its end; nothing is asked too early."""

    place: str
    remote: bool = field(default=True, init=False)
    _ahead: ReadAhead = field(default_factory=ReadAhead, init=False, repr=False, compare=False)
    _answering: Answering = field(default_factory=Answering, init=False, repr=False, compare=False)

    def __reduce__(self) -> tuple[type[Objects], tuple[str]]:
        return Objects, (self.place,)

    def __str__(self) -> str:
        return self.place

    def is_there(self) -> bool:
        """Whether any object is; raises PhotosUnreachable where that cannot be asked."""
        files, path = open_files(self.place)
        with self._place():
            files.invalidate_cache()
            try:
                return holds_any(files, path)
            except FileNotFoundError:
                return False

    def is_same(self, other: object) -> bool:
        """Whether another one has the same address."""
        return isinstance(other, Objects) and other.place == self.place

    def walk(self, leave_out: Path, exclude: Excluded) -> Listing:
        """All photos below the address; raises PhotosUnreachable while it is iterated."""
        return Listing(self._found(), exclude)

    def state(self, relative: str) -> State:
        """Size, and a number made of the ETag; of what is coming as it was told. Raises OSError."""
        known = self._ahead.state(relative)
        if known is not None:
            return known
        files, path = open_files(self.place)
        with self._object():
            about = files.info(f"{path}/{relative}")
            return about["size"], version_of(about)

    def look(self) -> Callable[[str], State]:
        """Lists all objects once, and keeps their states in memory."""
        states = {relative: (size, version) for relative, size, version in self._found()}

        def state(relative: str) -> State:
            if relative not in states:
                raise FileNotFoundError(errno.ENOENT, NAMES[FileNotFoundError])
            return states[relative]

        return state

    def content(self, relative: str) -> bytes:
        """All bytes, which may be on their way; raises BadImage, and OSError."""
        state, coming = self._ahead.take(relative)
        return coming.result() if coming else self._read(relative, state or self.state(relative))

    def beginning(self, relative: str, count: int) -> bytes:
        """The first bytes; raises OSError."""
        files, path = open_files(self.place)
        with self._object():
            return bytes(files.cat_file(f"{path}/{relative}", start=0, end=count))

    def coming(
        self, items: Iterable[Item], told: Callable[[Item], tuple[str, State] | None]
    ) -> Iterator[Item]:
        """The same items; a few requests ahead, so that no thread waits for its photo."""
        return self._ahead.pass_on(items, told, self._read)

    def is_gone(self, relative: str) -> bool:
        """Never: a search asks no network."""
        return False

    def locate(self, relative: str) -> str:
        """The object's address."""
        return f"{self.place}/{relative}"

    def _read(self, relative: str, state: State) -> bytes:
        size = state[0]
        if size == 0:  # no range of it can be asked for
            return b""
        files, path = open_files(self.place)
        if size <= FILE_LIMIT:
            with self._object():
                data = bytes(files.cat_file(f"{path}/{relative}", start=0, end=FILE_LIMIT + 1))
            size = len(data)
        if size > FILE_LIMIT:
            raise BadImage(f"{size / 2**30:.1f} GiB is over the limit of 1 GiB for a file")
        return data

    def _found(self) -> Iterator[Found]:
        files, path = open_files(self.place)
        with self._place():
            yield from found_in(files, path)

    @contextlib.contextmanager
    def _place(self) -> Iterator[None]:
        """Whatever the library raises of the whole place is one sentence, without the library's words."""
        try:
            yield
        except ResightError:
            raise
        except Exception as error:
            raise self._unreachable(error) from None

    @contextlib.contextmanager
    def _object(self) -> Iterator[None]:
        """Of one object: OSError where the place answers, so that the next objects may well be read."""
        try:
            yield
        except ResightError:
            raise
        except Exception as error:
            found = error
        else:
            return
        self._answering.ask(self.is_there, lambda: self._unreachable(found))
        raise OSError(CODES.get(type(found), errno.EIO), why(found))

    def _unreachable(self, error: Exception) -> PhotosUnreachable:
        return PhotosUnreachable(
            f"The photos at {self.place} cannot be read ({why(error)}): look at the address, the "
            "credentials and the network; what was described stays, and the same command goes on."
        )
