"""Writing a gallery: one writer at a time, and nothing it acknowledged is ever lost.

Order: bytes are written and synced before the catalogue row that points at them commits; a file is finished
under another name and renamed before a row names it; an old file goes after the row that named it is gone.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from resight.errors import GalleryLocked, StorageFailed
from resight.gallery import catalogue
from resight.gallery.catalogue import storage_errors
from resight.gallery.changes import Changes
from resight.gallery.generations import Generations, forget_unfinished
from resight.gallery.keeper import Keeper
from resight.gallery.local_writer import LocalWriter
from resight.gallery.reader import Gallery
from resight.gallery.transaction import Transaction
from resight.gallery.vectors import Disk
from resight.gallery.warned import to_stored
from resight.images import PIXEL_PATH
from resight.recipe import PRECISION, Recipe
from resight.types import Descriptor, Prepared

COMMIT_EVERY = 2.0  # seconds of work that a kill can cost


class Writer(Gallery):
    """A gallery opened for writing, with its lock; use as a context, which closes without committing."""

    def __init__(self, folder: Path | str, disk: Disk | None = None, must_exist: bool = False) -> None:
        self.folder, self._disk = Path(folder), disk or Disk()
        self._let_threads_in()
        if must_exist and not catalogue.is_there(self.folder):
            raise catalogue.no_gallery(self.folder)
        self._lock = _locked(self.folder, self._disk)
        try:
            self._start(catalogue.create(self.folder), must_exist)
            forget_unfinished(self)
        except BaseException:
            if hasattr(self, "connection"):
                self.connection.close()
            self._lock.release()
            raise
        self._work = Transaction(self.folder, self.connection, self._disk)
        self._later, self._set = self._work.later, self._work.set
        self.generations = Generations(self, self._work, self.commit)
        self.keeper = Keeper(self, self._work, self.commit)
        self.local = LocalWriter(self, self._work, self.commit)
        self._pending: dict[tuple[bytes, int], int] = {}
        (last,) = self.connection.execute("SELECT coalesce(max(id), 0) FROM images").fetchone()
        self._next_image = 1 + int(last)
        self._thread = threading.Lock()
        self._committed = time.monotonic()

    def close(self) -> None:
        """Let go of files and lock; what was not committed is gone."""
        self._work.close()
        super().close()
        self._lock.release()

    def begin(self, root: Path, recipe: Recipe, weights: str) -> None:
        """Write down what a new gallery is of; its root is kept relative where the gallery lies inside."""
        facts = {
            "root": self._stored(root),
            "recipe": json.dumps(recipe.as_dict()),
            "weights": weights,
            "pixel_path": PIXEL_PATH,
            "precision": PRECISION,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "id": secrets.token_hex(8),
            "kept": 1,
            "kept_length": 0,
            "local": 1,
            "local_rows": 0,
        }
        for key, value in facts.items():
            self._set(key, value)
        self.commit()

    # photos

    def find_content(self, sha256: bytes, turn: int = 0) -> int | None:
        """The image with this content and turn, committed or about to be; may be asked from any thread."""
        with self._thread:
            return self._pending.get((sha256, turn)) or self.image_of_content(sha256, turn)

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
            generation = self.generations.live_for(descriptor.vectors.shape[1])
        number, self._next_image = self._next_image, self._next_image + 1
        self._later(
            "INSERT INTO images (id, sha256, width, height, turn, warnings) VALUES (?, ?, ?, ?, ?, ?)",
            number, sha256, *size, turn, to_stored(warnings),
        )  # fmt: skip
        if prepared is not None:
            self.keeper.put(number, prepared)
        with self._thread:
            self._pending[sha256, turn] = number
        if descriptor is not None and generation is not None:
            self.generations.put(generation, number, descriptor)
        return number

    def set_file(
        self, relative: str, size: int, mtime_ns: int, image: int | None = None, failure: str | None = None
    ) -> None:
        """A file holds an image, or failed for a reason."""
        self._later(
            "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)",
            catalogue.to_stored(relative), size, mtime_ns, image, failure,
        )  # fmt: skip

    def forget_file(self, relative: str) -> None:
        """A file is gone; its image goes with `drop_orphans` if no other file holds it."""
        self._later("DELETE FROM files WHERE relative = ?", catalogue.to_stored(relative))

    def forget_image(self, image: int) -> None:
        """The files of an image are unknown from now on, so that the next `index` reads them again."""
        self._later("DELETE FROM files WHERE image = ?", image)

    def changes(
        self, found: Iterable[tuple[str, int, int]], turns: Mapping[str, int] | None = None
    ) -> Changes:
        """What a walk found, and how it is to be turned, beside what the catalogue holds."""
        return Changes(self.connection, found, turns)

    def move_root(self, root: Path) -> None:
        """The same photos are in another folder now."""
        self._set("root", self._stored(root))
        self.commit()

    def drop_orphans(self) -> None:
        """Commit, then take out the images that no file holds any more; their rows are dead from then on."""
        self.commit()
        orphans = "SELECT id FROM images WHERE NOT EXISTS (SELECT 1 FROM files WHERE files.image = images.id)"
        if self.connection.execute(f"{orphans} LIMIT 1").fetchone() is None:
            return
        self._later(
            "INSERT INTO dead (generation, first_row, rows) "
            f"SELECT generation, first_row, rows FROM descriptors WHERE image IN ({orphans})"
        )
        self._later(f"DELETE FROM descriptors WHERE image IN ({orphans})")
        self._later(f"DELETE FROM local WHERE image IN ({orphans})")
        self._later(f"DELETE FROM images WHERE id IN ({orphans})")
        self.commit()

    def commit(self) -> None:
        """Make everything so far last: sync the bytes, then commit their rows. Raises StorageFailed."""
        with self._thread:
            if not self._work.commit():
                return
            self._pending.clear()
        self.refresh()
        self._committed = time.monotonic()

    def commit_if_due(self) -> None:
        """Commit where the last time is so long ago that a kill would cost too much."""
        if time.monotonic() - self._committed > COMMIT_EVERY:
            self.commit()
            self._committed = time.monotonic()

    def vacuum(self) -> None:
        """Give back the room of the catalogue's deleted rows."""
        with storage_errors():
            self.connection.execute("VACUUM")
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def remember(self, key: str, value: Any) -> None:
        """A fact of the catalogue (docs/gallery-format.md), from the next commit on."""
        self._set(key, value)

    def set_pixel_path(self, path: str) -> None:
        """All photos of the gallery are read in this way from now on."""
        self._set("pixel_path", path)
        self.commit()
        self._fingerprints.clear()

    def set_pixel_limit(self, max_megapixels: float) -> None:
        """Photos may have so many pixels from now on; `index` tries those again that had too many."""
        self._set("max_megapixels", max_megapixels)
        self._later("UPDATE files SET mtime_ns = -1 WHERE failure LIKE '% over the limit of % megapixels'")
        self.commit()

    # inside

    def _stored(self, root: Path) -> str | bytes:
        """A root as the catalogue holds it: relative where the gallery lies inside, so that both may move."""
        real, here = root.resolve(), self.folder.resolve()
        return catalogue.to_stored(os.path.relpath(real, here) if here.is_relative_to(real) else str(real))


def _locked(folder: Path, disk: Disk) -> FileLock:
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            disk.sync_names(folder.parent)
        lock = FileLock(folder / "writer.lock")  # the system lets go of it when its process dies
        lock.acquire(timeout=0)
    except Timeout:
        raise GalleryLocked(f"Another process is writing to {folder}: wait until it has finished.") from None
    except OSError as error:
        raise StorageFailed(
            f"The folder {folder} cannot be written to ({error.strerror}): name another with --gallery."
        ) from None
    return lock
