"""Writing a gallery: one writer at a time, and nothing it acknowledged is ever lost.

Order: bytes are written and synced before the catalogue row that points at them commits; a file is finished
under another name and renamed before a row names it; an old file goes after the row that named it is gone.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from resight.gallery import database
from resight.gallery.beginning import first_facts, stored_root
from resight.gallery.catalogue import Catalogue
from resight.gallery.changes import Changes
from resight.gallery.database import storage_errors
from resight.gallery.fit_sample_writer import FitSampleWriter
from resight.gallery.generations import Generations, forget_unfinished
from resight.gallery.local_writer import LocalWriter
from resight.gallery.lock import acquire
from resight.gallery.snapshot import Snapshot
from resight.gallery.transaction import Transaction
from resight.gallery.vectors import Disk
from resight.gallery.warned import to_stored
from resight.recipe import Recipe
from resight.types import Descriptor, Prepared

COMMIT_EVERY = 2.0  # seconds of work that a kill can cost


class Writer:
    """A gallery opened for writing, with its lock; use as a context, which closes without committing."""

    def __init__(self, folder: Path | str, disk: Disk | None = None, must_exist: bool = False) -> None:
        self.folder, disk = Path(folder), disk or Disk()
        if must_exist and not database.is_there(self.folder):
            raise database.no_gallery(self.folder)
        with contextlib.ExitStack() as undo:
            self._lock = acquire(self.folder, disk)
            undo.callback(self._lock.release)
            self._connection = database.create(self.folder)
            undo.callback(self._connection.close)
            if must_exist:
                database.must_be_begun(self._connection, self.folder)
            forget_unfinished(self._connection)
            self._work = Transaction(self.folder, self._connection, disk)
            self._work.delete_garbage()
            undo.pop_all()
        self.generations = Generations(self._work)
        self.fit_sample = FitSampleWriter(self._work)
        self.local = LocalWriter(self._work)
        self._next_image = 1 + self.catalogue.last_image
        self._committed = time.monotonic()

    @property
    def committed(self) -> Snapshot:
        """The gallery as the last commit left it; another one after the next."""
        return self._work.committed

    @property
    def catalogue(self) -> Catalogue:
        """What is committed by now."""
        return self._work.catalogue

    def close(self) -> None:
        """Let go of files and lock; what was not committed is gone."""
        self._work.close()
        self._connection.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self.close()
        if isinstance(error, sqlite3.DatabaseError):
            raise database.unreadable(self.folder, error) from error

    def begin(self, root: Path | str, recipe: Recipe, weights: str) -> None:
        """Write down what a new gallery is of; its root is kept relative where the gallery lies inside."""
        for key, value in first_facts(self.folder, root, recipe, weights).items():
            self._work.set(key, value)
        self.commit()

    # photos

    def find_content(self, sha256: bytes, turn: int = 0) -> int | None:
        """The image with this content and turn, committed or about to be; may be asked from any thread."""
        with self._work.lock:
            waiting = self._work.contents.get((sha256, turn))
            return waiting or self.catalogue.image_of_content(sha256, turn)

    def add(
        self,
        sha256: bytes,
        size: tuple[int, int],
        descriptor: Descriptor | None,
        prepared: Prepared | None,
        turn: int = 0,
        warnings: tuple[str, ...] = (),
    ) -> int:
        """Take in an image of `size` (width, height); it lasts from the next commit on. Returns its id.

        `turn`: the degrees clockwise, 0 to 359, by which the photo was turned before all else. `warnings`:
        what a user should know of it, in a few words each.
        """
        generation = None
        if descriptor is not None:
            generation = self.generations.current_for(descriptor.vectors.shape[1])
        number, self._next_image = self._next_image, self._next_image + 1
        self._work.later(
            "INSERT INTO images (id, sha256, width, height, turn, warnings) VALUES (?, ?, ?, ?, ?, ?)",
            number, sha256, *size, turn, to_stored(warnings),
        )  # fmt: skip
        if prepared is not None:
            self.fit_sample.put(number, prepared)
        with self._work.lock:
            self._work.contents[sha256, turn] = number
        if descriptor is not None and generation is not None:
            self.generations.put(generation, number, descriptor)
        return number

    def set_file(
        self, relative: str, size: int, mtime_ns: int, image: int | None = None, failure: str | None = None
    ) -> None:
        """A file holds an image, or failed for a reason."""
        self._work.later(
            "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)",
            database.to_stored(relative), size, mtime_ns, image, failure,
        )  # fmt: skip

    def forget_file(self, relative: str) -> None:
        """A file is gone; its image goes with `drop_orphans` if no other file holds it."""
        self._work.later("DELETE FROM files WHERE relative = ?", database.to_stored(relative))

    def forget_image(self, image: int) -> None:
        """The files of an image are unknown from now on, so that the next `index` reads them again."""
        self._work.later("DELETE FROM files WHERE image = ?", image)

    def changes(
        self, found: Iterable[tuple[str, int, int]], turns: Mapping[str, int] | None = None
    ) -> Changes:
        """What a walk found, and how it is to be turned, beside what the catalogue holds."""
        return Changes(self._connection, found, turns)

    def move_root(self, root: Path | str) -> None:
        """The same photos are in another folder now, or at another address."""
        self._work.set("root", stored_root(self.folder, root))
        self.commit()

    def drop_orphans(self) -> None:
        """Commit, then take out the images that no file holds any more: their rows are deleted."""
        self.commit()
        orphans = "SELECT id FROM images WHERE NOT EXISTS (SELECT 1 FROM files WHERE files.image = images.id)"
        if self._connection.execute(f"{orphans} LIMIT 1").fetchone() is None:
            return
        self._work.later(
            "INSERT INTO dead (generation, first_row, rows) "
            f"SELECT generation, first_row, rows FROM descriptors WHERE image IN ({orphans})"
        )
        self._work.later(f"DELETE FROM descriptors WHERE image IN ({orphans})")
        self._work.later(f"DELETE FROM local WHERE image IN ({orphans})")
        self._work.later(f"DELETE FROM images WHERE id IN ({orphans})")
        self.commit()

    def commit(self) -> None:
        """Make everything so far last: sync the bytes, then commit their rows. Raises StorageFailed."""
        if self._work.commit():
            self._committed = time.monotonic()

    def commit_if_due(self) -> None:
        """Commit where the last time is so long ago that a kill would cost too much."""
        if time.monotonic() - self._committed > COMMIT_EVERY:
            self.commit()
            self._committed = time.monotonic()

    def must_be_whole(self) -> None:
        """Raise CutShort where a file of vectors or local features is shorter than the catalogue says."""
        self._work.must_be_whole()

    def vacuum(self) -> None:
        """Give back the room of the catalogue's deleted rows."""
        with storage_errors():
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def remember(self, key: str, value: Any) -> None:
        """A fact of the catalogue (docs/gallery-format.md), from the next commit on."""
        self._work.set(key, value)

    def set_pixel_path(self, path: str) -> None:
        """All photos of the gallery are read in this way from now on."""
        self._work.set("pixel_path", path)
        self.commit()

    def set_pixel_limit(self, max_megapixels: float) -> None:
        """Photos may have so many pixels from now on; `index` tries those again that had too many."""
        self._work.set("max_megapixels", max_megapixels)
        self._work.later(
            "UPDATE files SET mtime_ns = -1 WHERE failure LIKE '% over the limit of % megapixels'"
        )
        self.commit()
