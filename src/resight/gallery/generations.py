"""Generations: one is live, and another may be coming into being beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight.errors import GalleryError
from resight.gallery import parameters
from resight.gallery.catalogue import storage_errors
from resight.gallery.reader import Gallery
from resight.gallery.stored import Generation, vectors_name
from resight.gallery.transaction import Transaction
from resight.gallery.unnamed import delete_unnamed_files
from resight.gallery.vectors import VectorFile, checksum
from resight.methods import Parameters
from resight.types import Descriptor

UNNAMED = (
    "DELETE FROM samples WHERE NOT EXISTS "
    "(SELECT 1 FROM generations WHERE generations.parameters = samples.parameters)"
)


class Generations:
    """The generations of a gallery, for its writer; `commit` is its writer's."""

    def __init__(self, gallery: Gallery, work: Transaction, commit: Callable[[], None]) -> None:
        self._gallery, self._work, self._commit = gallery, work, commit

    def save_parameters(self, own: dict[str, Parameters], fitted_on: Iterable[bytes] = ()) -> str:
        """Write the parameters of a fit, and the SHA-256 of the photos behind it; the name of their file."""
        with storage_errors():
            name = parameters.save(self._gallery.folder, own, self._work.disk)
        for sha256 in sorted(fitted_on):
            self._work.later("INSERT OR IGNORE INTO samples VALUES (?, ?)", name, sha256)
        return name

    def start(self, purpose: str, own: str | None, provenance: dict[str, Any]) -> int:
        """Begin a generation beside the live one; `own` is the name of its parameters' file."""
        self._commit()
        (last,) = self._gallery.connection.execute(
            "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'generations'"
        ).fetchone()
        number = 1 + int(last)
        self._work.later(
            "INSERT INTO generations (number, purpose, parameters, provenance) VALUES (?, ?, ?, ?)",
            number, purpose, own, json.dumps(provenance),
        )  # fmt: skip
        return number

    def switch(self, number: int) -> None:
        """Commit a generation as the live one, in one transaction; the old one's files go afterwards."""
        self._work.set("generation", number)
        self._forget("<>", number)
        self._work.let_go_vectors(keep=vectors_name(number))
        self._commit()
        delete_unnamed_files(self._gallery)
        with storage_errors():
            for path in self._gallery.folder.glob("graph-*"):  # of the neighbours of rows that are gone
                path.unlink(missing_ok=True)

    def unfinished(self, purpose: str) -> Generation | None:
        """A generation of this purpose that was begun and never became the live one."""
        live = int(self._gallery.fact("generation", 0))
        row = self._gallery.connection.execute(
            "SELECT number FROM generations WHERE purpose = ? AND number <> ?", (purpose, live)
        ).fetchone()
        return self._gallery.generation(row[0]) if row else None

    def abandon(self, number: int) -> None:
        """Give up a generation that is not the live one."""
        self._work.let_go(vectors_name(number))
        self._forget("=", number)
        self._commit()
        delete_unnamed_files(self._gallery)

    def waiting(self, number: int) -> list[int]:
        """Ids of the images that have no descriptor in a generation yet."""
        rows = self._gallery.connection.execute(
            "SELECT id FROM images WHERE id NOT IN (SELECT image FROM descriptors WHERE generation = ?) "
            "ORDER BY id",
            (number,),
        )
        return [image for (image,) in rows]

    def put(self, generation: int, image: int, descriptor: Descriptor) -> None:
        """Append an image's descriptor to a generation."""
        regions = None
        if descriptor.regions is not None:
            regions = json.dumps([region.as_list() for region in descriptor.regions])
        self.put_rows(generation, image, descriptor.vectors, regions)

    def put_rows(self, generation: int, image: int, rows: NDArray[np.float32], regions: str | None) -> None:
        """Append rows that are described already."""
        first, crc = self._work.append(self._file(generation, rows.shape[1]), rows)
        self._work.later(
            "INSERT INTO descriptors VALUES (?, ?, ?, ?, ?, ?)",
            generation, first, len(rows), image, crc, regions,
        )  # fmt: skip

    def copy(self, image: int, generation: int) -> None:
        """Append an image's live rows to another generation; raises GalleryError if they are damaged."""
        live = self._gallery.live
        row = self._gallery.connection.execute(
            "SELECT first_row, rows, regions, crc FROM descriptors WHERE image = ? AND generation = ?",
            (image, live.number if live else 0),
        ).fetchone()
        if row is None:
            return
        first, count, regions, crc = row
        rows = self._gallery.vectors[first : first + count]
        if checksum(rows) != crc:  # a new checksum would hide it
            raise GalleryError(f"The descriptor of image {image} is damaged: run `resight verify --repair`.")
        self.put_rows(generation, image, rows, regions)

    def live_for(self, width: int) -> int:
        """The live generation; a recipe that needs no fit gets its first here."""
        if self._gallery.live is None:
            number = self.start("index", None, {})
            self._work.set("generation", number)
            self._file(number, width)
            self._commit()
        assert self._gallery.live is not None
        return self._gallery.live.number

    def _forget(self, which: str, number: int) -> None:
        """The rows of a generation (`=`), or of all others (`<>`), go with the next commit."""
        for table in ("descriptors", "dead"):
            self._work.later(f"DELETE FROM {table} WHERE generation {which} ?", number)
        self._work.later(f"DELETE FROM generations WHERE number {which} ?", number)
        self._work.later(UNNAMED)

    def _file(self, number: int, width: int) -> VectorFile:
        known = self._gallery.generation(number)
        return self._work.file(vectors_name(number), width, known.rows if known else 0)


def forget_unfinished(gallery: Gallery) -> None:
    """A refit or compaction that was killed leaves nothing behind; a `fit` waits to be resumed."""
    live = int(gallery.fact("generation", 0))
    with storage_errors():
        gallery.connection.execute("BEGIN IMMEDIATE")
        unfinished = "SELECT number FROM generations WHERE number <> ? AND purpose <> 'fit'"
        gallery.connection.execute(f"DELETE FROM descriptors WHERE generation IN ({unfinished})", (live,))
        gallery.connection.execute(f"DELETE FROM dead WHERE generation IN ({unfinished})", (live,))
        gallery.connection.execute("DELETE FROM generations WHERE number <> ? AND purpose <> 'fit'", (live,))
        gallery.connection.execute(UNNAMED)
        gallery.connection.execute("COMMIT")
    delete_unnamed_files(gallery)
