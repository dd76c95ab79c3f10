"""What every place of photos does, be it a folder or in object storage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol, TypeVar

from resight.images.excluding import Excluded
from resight.images.folder import Walk
from resight.roots.folder import State
from resight.roots.listing import Listing

Item = TypeVar("Item")


class Root(Protocol):
    """A folder or a place in object storage; `str()` of it is how a user names it. Safe in several threads.

    Whatever asks for an object raises PhotosUnreachable where the whole place does not answer, and OSError
    where only this one cannot be read.
    """

    @property
    def place(self) -> Path | str:
        """Its path, or its address."""
        ...

    @property
    def remote(self) -> bool:
        """Whether each question is a request over a network."""
        ...

    def is_there(self) -> bool:
        """Whether it is a folder, or holds an object; raises BadQuery where the system does not tell."""
        ...

    def is_same(self, other: object) -> bool:
        """Whether another one is this one, however it is spelt."""
        ...

    def walk(self, leave_out: Path, exclude: Excluded) -> Walk | Listing:
        """All photos in it, without the gallery `leave_out`."""
        ...

    def state(self, relative: str) -> State:
        """Size in bytes, and a number that changes with the file; raises OSError."""
        ...

    def look(self) -> Callable[[str], State]:
        """What says the states of many: it raises FileNotFoundError for a name that is not there."""
        ...

    def content(self, relative: str) -> bytes:
        """All bytes; raises OSError, and BadImage for what is no regular file or larger than 1 GiB."""
        ...

    def beginning(self, relative: str, count: int) -> bytes:
        """The first bytes; raises OSError."""
        ...

    def coming(
        self, items: Iterable[Item], told: Callable[[Item], tuple[str, State] | None]
    ) -> Iterator[Item]:
        """The same items, whose contents are on their way by then where that saves time.

        `told` says the file of an item, and the state that is known of it.
        """
        ...

    def is_gone(self, relative: str) -> bool:
        """Whether a file is certainly not there; an object is not asked for."""
        ...

    def locate(self, relative: str) -> Path | str:
        """Where a photo is: a path, or an address."""
        ...
