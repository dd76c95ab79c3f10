"""Further readers of one opened gallery, for threads that ask it while another one does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from resight.errors import GalleryError

if TYPE_CHECKING:
    from resight.gallery.reader import Gallery


class Snapshots:
    """Readers with a connection of their own, opened when they are needed and kept for the next search."""

    def __init__(self, open_another: Callable[[], Gallery]) -> None:
        self._open = open_another
        self._idle: list[Gallery] = []
        self._closed = False
        self._lock = threading.Lock()

    @contextmanager
    def lend(self) -> Iterator[Gallery]:
        """A reader at rest that no other thread has; raises GalleryError once the gallery was closed."""
        with self._lock:
            self.must_be_open()
            reader = self._idle.pop() if self._idle else None
        reader = reader or self._open()
        try:
            with reader.at_rest():
                yield reader
        except BaseException:  # it may be what failed, and another one is opened in a millisecond
            reader.close()
            raise
        self._give_back(reader)

    def _give_back(self, reader: Gallery) -> None:
        with self._lock:
            if not self._closed:
                return self._idle.append(reader)
        reader.close()

    def must_be_open(self) -> None:
        """Raise GalleryError once the gallery was closed."""
        if self._closed:
            raise GalleryError("The gallery was closed: open it again to search it.")

    def close(self) -> None:
        """Close those that are idle now, and the others when they are given back."""
        with self._lock:
            self._closed, idle, self._idle = True, self._idle, []
        for reader in idle:
            reader.close()
