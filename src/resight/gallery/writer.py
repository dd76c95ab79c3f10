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

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from resight.errors import GalleryError, GalleryLocked, NoGallery, StorageFailed
from resight.gallery import catalogue, parameters
from resight.gallery.catalogue import storage_errors
from resight.gallery.changes import Changes
from resight.gallery.local import WIDTH
from resight.gallery.local_writer import LocalWriter
from resight.gallery.reader import Gallery
from resight.gallery.stored import Generation, kept_name, local_name, packed, vectors_name
from resight.gallery.transaction import Transaction
from resight.gallery.vectors import Disk, VectorFile, checksum
from resight.images import PIXEL_PATH
from resight.methods import Parameters
from resight.recipe import PRECISION, Recipe
from resight.types import Descriptor, Prepared

UNNAMED = (
    "DELETE FROM samples WHERE NOT EXISTS "
    "(SELECT 1 FROM generations WHERE generations.parameters = samples.parameters)"
)
COMMIT_EVERY = 2.0  # seconds of work that a kill can cost


class Writer(Gallery):
    """A gallery opened for writing, with its lock; use as a context, which closes without committing."""

    def __init__(self, folder: Path | str, disk: Disk | None = None, must_exist: bool = False) -> None:
        self.folder, self._disk = Path(folder), disk or Disk()
        if must_exist and not (self.folder / catalogue.NAME).is_file():
            raise NoGallery(f"There is no gallery in {folder}: make one with `resight index`.")
        self._lock = _locked(self.folder, self._disk)
        try:
            self._start(catalogue.create(self.folder), must_exist)
            self._forget_unfinished()
        except BaseException:
            if hasattr(self, "connection"):
                self.connection.close()
            self._lock.release()
            raise
        self._work = Transaction(self.folder, self.connection, self._disk)
        self._later, self._set = self._work.later, self._work.set
        self.local = LocalWriter(self, self._work)
        self._pending: dict[tuple[bytes, int], int] = {}
        self._kept = int(self.fact("kept", 1))
        self._next_image = 1 + self._one("SELECT coalesce(max(id), 0) FROM images")
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
    ) -> int:
        """Take in an image of `size` (width, height); it lasts from the next commit on. Returns its id.

        `turn`: the degrees clockwise, 0 to 359, by which the photo was turned before all else.
        """
        generation = self._live_for(descriptor.vectors.shape[1]) if descriptor is not None else None
        number, self._next_image = self._next_image, self._next_image + 1
        self._later(
            "INSERT INTO images (id, sha256, width, height, turn) VALUES (?, ?, ?, ?, ?)",
            number, sha256, *size, turn,
        )  # fmt: skip
        if prepared is not None:
            self.keep(number, prepared)
        with self._thread:
            self._pending[sha256, turn] = number
        if descriptor is not None and generation is not None:
            self.put(generation, number, descriptor)
        return number

    def keep(self, image: int, prepared: Prepared) -> None:
        """Keep a prepared image for the next fit."""
        flat, shapes = packed(prepared)
        first, crc = self._work.append(self._kept_file(), flat)
        self._later(
            "UPDATE images SET kept_first = ?, kept_shapes = ?, kept_crc = ? WHERE id = ?",
            first, json.dumps(shapes), crc, image,
        )  # fmt: skip

    def put(self, generation: int, image: int, descriptor: Descriptor) -> None:
        """Append an image's descriptor to a generation."""
        regions = None
        if descriptor.regions is not None:
            regions = json.dumps([region.as_list() for region in descriptor.regions])
        self.put_rows(generation, image, descriptor.vectors, regions)

    def put_rows(self, generation: int, image: int, rows: NDArray[np.float32], regions: str | None) -> None:
        """Append rows that are described already."""
        first, crc = self._work.append(self._vector_file(generation, rows.shape[1]), rows)
        self._later(
            "INSERT INTO descriptors VALUES (?, ?, ?, ?, ?, ?)",
            generation, first, len(rows), image, crc, regions,
        )  # fmt: skip

    def copy(self, image: int, generation: int) -> None:
        """Append an image's live rows to another generation; raises GalleryError if they are damaged."""
        row = self.connection.execute(
            "SELECT first_row, rows, regions, crc FROM descriptors WHERE image = ? AND generation = ?",
            (image, self._live.number if self._live else 0),
        ).fetchone()
        if row is None:
            return
        first, count, regions, crc = row
        rows = self.vectors[first : first + count]
        if checksum(rows) != crc:  # a new checksum would hide it
            raise GalleryError(f"The descriptor of image {image} is damaged: run `resight verify --repair`.")
        self.put_rows(generation, image, rows, regions)

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

    def store_local_features(self, version: str | None) -> None:
        """Forget all local features; those of this version may come instead, or none."""
        self.commit()
        self.local.restart(version)
        self.commit()
        self._delete_unnamed_files()

    # generations

    def save_parameters(self, own: dict[str, Parameters], fitted_on: Iterable[bytes] = ()) -> str:
        """Write the parameters of a fit, and the SHA-256 of the photos behind it; the name of their file."""
        with storage_errors():
            name = parameters.save(self.folder, own, self._disk)
        for sha256 in sorted(fitted_on):
            self._later("INSERT OR IGNORE INTO samples VALUES (?, ?)", name, sha256)
        return name

    def start_generation(self, purpose: str, own: str | None, provenance: dict[str, Any]) -> int:
        """Begin a generation beside the live one; `own` is the name of its parameters' file."""
        self.commit()
        number = 1 + self._one("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'generations'")
        self._later(
            "INSERT INTO generations (number, purpose, parameters, provenance) VALUES (?, ?, ?, ?)",
            number, purpose, own, json.dumps(provenance),
        )  # fmt: skip
        return number

    def switch(self, number: int) -> None:
        """Commit a generation as the live one, in one transaction; the old one's files go afterwards."""
        self._set("generation", number)
        self._forget_generations("<>", number)
        self._work.let_go_vectors(keep=vectors_name(number))
        self.commit()
        self._delete_unnamed_files()
        for path in self.folder.glob("graph-*"):  # of the neighbours of rows that are gone
            path.unlink(missing_ok=True)

    def vacuum(self) -> None:
        """Give back the room of the catalogue's deleted rows."""
        with storage_errors():
            self.connection.execute("VACUUM")
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def unfinished(self, purpose: str) -> Generation | None:
        """A generation of this purpose that was begun and never became the live one."""
        live = int(self.fact("generation", 0))
        row = self.connection.execute(
            "SELECT number FROM generations WHERE purpose = ? AND number <> ?", (purpose, live)
        ).fetchone()
        return self.generation(row[0]) if row else None

    def abandon(self, number: int) -> None:
        """Give up a generation that is not the live one."""
        self._work.let_go(vectors_name(number))
        self._forget_generations("=", number)
        self.commit()
        self._delete_unnamed_files()

    def waiting(self, number: int) -> list[int]:
        """Ids of the images that have no descriptor in a generation yet."""
        rows = self.connection.execute(
            "SELECT id FROM images WHERE id NOT IN (SELECT image FROM descriptors WHERE generation = ?) "
            "ORDER BY id",
            (number,),
        )
        return [image for (image,) in rows]

    def all_kept(self) -> bool:
        """Whether every image could be described anew without its photo."""
        return not self.connection.execute(
            "SELECT 1 FROM images WHERE kept_shapes IS NULL LIMIT 1"
        ).fetchone()

    def fill_up(self) -> None:
        """Files that are cut short get their length again, once the photos concerned are forgotten."""
        lengths = {
            kept_name(self._kept): 4 * int(self.fact("kept_length", 0)),
            local_name(int(self.fact("local", 1))): 4 * WIDTH * int(self.fact("local_rows", 0)),
        }
        if self.live and self.live.width:
            lengths[vectors_name(self.live.number)] = 4 * self.live.width * self.live.rows
        with storage_errors():
            for name, length in lengths.items():
                if length:
                    with open(self.folder / name, "ab") as file:
                        if file.tell() < length:
                            file.truncate(length)

    def keep_only(self, images: set[int]) -> None:
        """Forget what is kept of all other images; the room comes back at once."""
        others = [image for image in self.kept_images() if image not in images]
        for image in others:
            self._later(
                "UPDATE images SET kept_first = NULL, kept_shapes = NULL, kept_crc = NULL WHERE id = ?", image
            )
        self.commit()
        if others:
            self.rewrite_kept()
            self.commit()
            self._delete_unnamed_files()

    def remember(self, key: str, value: Any) -> None:
        """A fact of the catalogue (docs/gallery-format.md), from the next commit on."""
        self._set(key, value)

    def rewrite_kept(self) -> None:
        """Write what is kept for the next fit into a new file without gaps; lasts from the next commit on."""
        self._work.let_go(kept_name(self._kept))
        self._kept += 1
        self._set("kept", self._kept)
        self._kept_file(length=0)
        for image, prepared in self.kept(self.kept_images()):
            self.keep(image, prepared)

    # inside

    def _stored(self, root: Path) -> str | bytes:
        """A root as the catalogue holds it: relative where the gallery lies inside, so that both may move."""
        real, here = root.resolve(), self.folder.resolve()
        return catalogue.to_stored(os.path.relpath(real, here) if here.is_relative_to(real) else str(real))

    def _one(self, query: str) -> int:
        return int(self.connection.execute(query).fetchone()[0])

    def _forget_generations(self, which: str, number: int) -> None:
        """The rows of a generation (`=`), or of all others (`<>`), go with the next commit."""
        for table in ("descriptors", "dead"):
            self._later(f"DELETE FROM {table} WHERE generation {which} ?", number)
        self._later(f"DELETE FROM generations WHERE number {which} ?", number)
        self._later(UNNAMED)

    def _kept_file(self, length: int | None = None) -> VectorFile:
        length = int(self.fact("kept_length", 0)) if length is None else length
        return self._work.file(kept_name(self._kept), 1, length)

    def _vector_file(self, number: int, width: int) -> VectorFile:
        known = self.generation(number)
        return self._work.file(vectors_name(number), width, known.rows if known else 0)

    def _live_for(self, width: int) -> int:
        """The live generation; a recipe that needs no fit gets its first here."""
        if self.live is None:
            number = self.start_generation("index", None, {})
            self._set("generation", number)
            self._vector_file(number, width)
            self.commit()
        assert self.live is not None
        return self.live.number

    def _forget_unfinished(self) -> None:
        """A refit or compaction that was killed leaves nothing behind; a `fit` waits to be resumed."""
        live = int(self.fact("generation", 0))
        with storage_errors():
            self.connection.execute("BEGIN IMMEDIATE")
            unfinished = "SELECT number FROM generations WHERE number <> ? AND purpose <> 'fit'"
            self.connection.execute(f"DELETE FROM descriptors WHERE generation IN ({unfinished})", (live,))
            self.connection.execute(f"DELETE FROM dead WHERE generation IN ({unfinished})", (live,))
            self.connection.execute("DELETE FROM generations WHERE number <> ? AND purpose <> 'fit'", (live,))
            self.connection.execute(UNNAMED)
            self.connection.execute("COMMIT")
        self._delete_unnamed_files()

    def _delete_unnamed_files(self) -> None:
        rows = self.connection.execute("SELECT number, parameters FROM generations").fetchall()
        named = {vectors_name(number) for number, _ in rows} | {name for _, name in rows}
        named |= {kept_name(int(self.fact("kept", 1))), local_name(int(self.fact("local", 1)))}
        for pattern in ("vectors-*.f32", "kept-*.f32", "local-*.bin", "parameters-*"):
            for path in self.folder.glob(pattern):
                if path.name not in named:
                    path.unlink(missing_ok=True)


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
