"""Generations: one is current, and another may be coming into being beside it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight.errors import GalleryError
from resight.gallery import parameters
from resight.gallery.database import storage_errors
from resight.gallery.records import Generation, vectors_name
from resight.gallery.rows import to_json
from resight.gallery.transaction import Transaction
from resight.gallery.vectors import VectorFile, checksum
from resight.methods import Parameters
from resight.types import Descriptor

NEEDLESS_SAMPLES = (
    "DELETE FROM samples WHERE NOT EXISTS "
    "(SELECT 1 FROM generations WHERE generations.parameters = samples.parameters)"
)


class Generations:
    """The generations of a gallery, for its writer."""

    def __init__(self, work: Transaction) -> None:
        self._work = work

    def save_parameters(self, own: dict[str, Parameters], fitted_on: Iterable[bytes] = ()) -> str:
        """Write the parameters of a fit, and the SHA-256 of the photos behind it; the name of their file."""
        with storage_errors():
            name = parameters.save(self._work.folder, own, self._work.disk)
        for sha256 in sorted(fitted_on):
            self._work.later("INSERT OR IGNORE INTO samples VALUES (?, ?)", name, sha256)
        return name

    def start(self, purpose: str, own: str | None, provenance: dict[str, Any]) -> int:
        """Begin a generation beside the current one; `own` is the name of its parameters' file."""
        self._work.commit()
        row = self._work.selects.one("SELECT max(seq) FROM sqlite_sequence WHERE name = 'generations'")
        number = 1 + int((row and row[0]) or 0)
        self._work.later(
            "INSERT INTO generations (number, purpose, parameters, provenance) VALUES (?, ?, ?, ?)",
            number, purpose, own, json.dumps(provenance),
        )  # fmt: skip
        return number

    def switch(self, number: int) -> None:
        """Commit a generation as the current one, in one transaction; the old one's files go afterwards."""
        self._work.set("generation", number)
        self._forget("<>", number)
        self._work.let_go_vectors(keep=vectors_name(number))
        self._work.commit()
        self._work.delete_garbage()
        with storage_errors():
            for pattern in ("graph-*", "lists-*.faiss"):  # of rows that are gone
                for path in self._work.folder.glob(pattern):
                    path.unlink(missing_ok=True)

    def unfinished(self, purpose: str) -> Generation | None:
        """A generation of this purpose that was begun and never became the current one."""
        current = int(self._work.catalogue.fact("generation", 0))
        row = self._work.selects.one(
            "SELECT number FROM generations WHERE purpose = ? AND number <> ?", purpose, current
        )
        return self._work.catalogue.generation(row[0]) if row else None

    def abandon(self, number: int) -> None:
        """Give up a generation that is not the current one."""
        self._work.let_go(vectors_name(number))
        self._forget("=", number)
        self._work.commit()
        self._work.delete_garbage()

    def waiting(self, number: int) -> list[int]:
        """Ids of the images that have no descriptor in a generation yet."""
        rows = self._work.selects.all(
            "SELECT id FROM images WHERE id NOT IN (SELECT image FROM descriptors WHERE generation = ?) "
            "ORDER BY id",
            number,
        )
        return [image for (image,) in rows]

    def put(self, generation: int, image: int, descriptor: Descriptor) -> None:
        """Append an image's descriptor to a generation."""
        self._put_rows(generation, image, descriptor.vectors, to_json(descriptor.regions))

    def _put_rows(self, generation: int, image: int, rows: NDArray[np.float32], regions: str | None) -> None:
        """Append rows that are described already."""
        first, crc = self._work.append(self._file(generation, rows.shape[1]), rows)
        self._work.later(
            "INSERT INTO descriptors VALUES (?, ?, ?, ?, ?, ?)",
            generation, first, len(rows), image, crc, regions,
        )  # fmt: skip

    def copy(self, image: int, generation: int) -> None:
        """Append an image's current rows to another generation; raises GalleryError if they are damaged."""
        current = self._work.committed.generation
        row = self._work.selects.one(
            "SELECT first_row, rows, regions, crc FROM descriptors WHERE image = ? AND generation = ?",
            image, current.number if current else 0,
        )  # fmt: skip
        if row is None:
            return
        first, count, regions, crc = row
        rows = self._work.committed.vectors[first : first + count]
        if checksum(rows) != crc:  # a new checksum would hide it
            raise GalleryError(f"The descriptor of image {image} is damaged: run `resight verify --repair`.")
        self._put_rows(generation, image, rows, regions)

    def current_for(self, width: int) -> int:
        """The current generation; a recipe that needs no fit gets its first here."""
        current = self._work.committed.generation
        if current is None:
            number = self.start("index", None, {})
            self._work.set("generation", number)
            self._file(number, width)
            self._work.commit()
            return number
        return current.number

    def _forget(self, which: str, number: int) -> None:
        """The rows of a generation (`=`), or of all others (`<>`), go with the next commit."""
        for table in ("descriptors", "dead"):
            self._work.later(f"DELETE FROM {table} WHERE generation {which} ?", number)
        self._work.later(f"DELETE FROM generations WHERE number {which} ?", number)
        self._work.later(NEEDLESS_SAMPLES)

    def _file(self, number: int, width: int) -> VectorFile:
        known = self._work.catalogue.generation(number)
        return self._work.file(vectors_name(number), width, known.rows if known else 0)


def forget_unfinished(connection: sqlite3.Connection) -> None:
    """A refit or compaction that was killed leaves nothing behind; a `fit` waits to be resumed."""
    row = connection.execute("SELECT value FROM facts WHERE key = 'generation'").fetchone()
    current = (int(row[0]) if row else 0,)
    with storage_errors():
        connection.execute("BEGIN IMMEDIATE")
        unfinished = "SELECT number FROM generations WHERE number <> ? AND purpose <> 'fit'"
        connection.execute(f"DELETE FROM descriptors WHERE generation IN ({unfinished})", current)
        connection.execute(f"DELETE FROM dead WHERE generation IN ({unfinished})", current)
        connection.execute("DELETE FROM generations WHERE number <> ? AND purpose <> 'fit'", current)
        connection.execute(NEEDLESS_SAMPLES)
        connection.execute("COMMIT")
