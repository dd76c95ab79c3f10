"""A gallery opened for reading: any number of readers beside one writer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Self

from resight.gallery.readers import Readers
from resight.gallery.snapshot import Snapshot


class Gallery:
    """The folder of a gallery, opened; use as a context. Raises NoGallery where there is none.

    Any number of threads may ask it at once, each by snapshots of its own.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self._readers = Readers(self.folder)

    def snapshot(self, damaged: bool = False) -> AbstractContextManager[Snapshot]:
        """What is committed by now, for this thread alone: it says the same as long as the context lasts.

        Raises GalleryError where bytes are missing; with `damaged`, the vectors are those that are there.
        """
        return self._readers.lend(damaged)

    @property
    def fit(self) -> str:
        """In a sentence, what the recipe was fitted on."""
        with self.snapshot() as snapshot:
            return snapshot.fit

    def close(self) -> None:
        """Give the catalogue back; a snapshot that another thread has stays good until it is given back."""
        self._readers.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self.close()


@contextmanager
def snapshot_of(folder: Path | str, damaged: bool = False) -> Iterator[Snapshot]:
    """A snapshot of a gallery that is opened for it alone."""
    with Gallery(folder) as gallery, gallery.snapshot(damaged) as snapshot:
        yield snapshot
