"""Readers of a gallery: each has a connection of its own, and one thread at a time has each."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from resight.errors import GalleryError
from resight.gallery import database
from resight.gallery.database import Selects
from resight.gallery.following import Derived, Following
from resight.gallery.snapshot import Snapshot
from resight.gallery.vectors import CutShort

TRIES = 5  # a new generation may take the old one's place between the catalogue and its file


class Reader:
    """One connection to a gallery's catalogue, and the files that it has mapped."""

    def __init__(self, folder: Path, derived: Derived) -> None:
        self._folder, self._derived = folder, derived
        self._open()

    def _open(self) -> None:
        self._connection = database.open_to_read(self._folder)
        self._following = Following(self._folder, self._derived)
        try:
            self._frozen = database.frozen(self._folder)
            database.must_be_begun(self._connection, self._folder)
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Give the catalogue back."""
        self._connection.close()

    @contextmanager
    def snapshot(self, damaged: bool = False) -> Iterator[Snapshot]:
        """What is committed by now, in one transaction: vectors and catalogue stay one.

        Raises GalleryError where bytes are missing; with `damaged`, `vectors` are those that are there.
        """
        if self._frozen and self._frozen != database.frozen(self._folder):  # somebody else began to write it
            self._connection.close()
            self._open()
        selects = Selects(self._connection)
        try:
            yield self._begin(selects, damaged)
        except sqlite3.DatabaseError as error:
            raise database.unreadable(self._folder, error) from error
        finally:
            selects.end()
            self._end()

    def _begin(self, selects: Selects, damaged: bool) -> Snapshot:
        for left in reversed(range(TRIES)):
            self._connection.execute("BEGIN")
            try:
                return self._following.take(selects, damaged and not left, last=not left)
            except CutShort:
                if not left:
                    raise
                self._end()
        raise AssertionError("the last try gives a snapshot or raises")

    def _end(self) -> None:
        if self._connection.in_transaction:
            with suppress(sqlite3.DatabaseError):  # a damaged catalogue; what was wrong was said by then
                self._connection.execute("COMMIT")


class Readers:
    """Opened when they are needed, and kept for the next snapshot."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._derived = folder, Derived()
        self._idle: list[Reader] = [Reader(folder, self._derived)]
        self._closed = False
        self._lock = threading.Lock()

    @contextmanager
    def lend(self, damaged: bool = False) -> Iterator[Snapshot]:
        """A snapshot from a reader that no other thread has; raises GalleryError once they were closed."""
        reader = self._take()
        try:
            with reader.snapshot(damaged) as snapshot:
                yield snapshot
        except GalleryError:  # the reader may be what failed, and another one is opened in a millisecond
            reader.close()
            raise
        except BaseException:
            self._give_back(reader)
            raise
        self._give_back(reader)

    def close(self) -> None:
        """Close those that are idle now, and the others when they are given back."""
        with self._lock:
            self._closed, idle, self._idle = True, self._idle, []
        for reader in idle:
            reader.close()

    def _take(self) -> Reader:
        with self._lock:
            if self._closed:
                raise GalleryError("The gallery was closed: open it again to search it.")
            if self._idle:
                return self._idle.pop()
        return Reader(self._folder, self._derived)

    def _give_back(self, reader: Reader) -> None:
        with self._lock:
            if not self._closed:
                return self._idle.append(reader)
        reader.close()
