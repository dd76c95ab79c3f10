"""Local features in the gallery: rows of 136 bytes, a point and its descriptor, which are moved as bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resight.gallery.catalogue import Catalogue
from resight.gallery.database import Selects, from_stored
from resight.gallery.records import local_name
from resight.gallery.vectors import FLOAT, CutShort, is_whole, mapped
from resight.ranking import LocalFeatures

ROW = np.dtype([("point", FLOAT, 2), ("descriptor", np.uint8, 128)])
WIDTH = ROW.itemsize // FLOAT.itemsize  # of a row, as the files of vectors count


def to_rows(features: LocalFeatures) -> NDArray[np.float32]:
    """The features -> (N, 34): their bytes, under the name of float32."""
    rows = np.empty(len(features), ROW)
    rows["point"], rows["descriptor"] = features.points, features.descriptors
    return rows.view(FLOAT).reshape(-1, WIDTH)


def from_rows(rows: NDArray[np.float32], scale: float = 1.0) -> LocalFeatures:
    """`to_rows` undone; a copy. `scale` is the photo's own, from its size."""
    found = np.ascontiguousarray(rows).reshape(-1).view(ROW)
    return LocalFeatures(
        np.ascontiguousarray(found["point"], dtype=np.float32),
        np.ascontiguousarray(found["descriptor"]),
        scale,
    )


class LocalFile:
    """The file of local features, mapped: anew only where it grew."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.number = folder, 0
        self.rows: NDArray[np.float32] = np.empty((0, WIDTH), dtype=FLOAT)

    def follow(self, selects: Selects, damaged: bool) -> None:
        """See the rows that are committed by now; with `damaged` those of them that are there."""
        facts = dict(selects.all("SELECT key, value FROM facts WHERE key IN ('local', 'local_rows')"))
        number, rows = int(facts.get("local", 1)), int(facts.get("local_rows", 0))
        if number != self.number or rows != len(self.rows) or not is_whole(self.rows):
            self.rows = mapped(self._folder / local_name(number), WIDTH, rows, damaged)
            self.number = number


class StoredFeatures:
    """The local features of a gallery's images."""

    def __init__(self, selects: Selects, catalogue: Catalogue, file: LocalFile) -> None:
        self._selects, self._catalogue = selects, catalogue
        self._rows, self._name = file.rows, local_name(file.number)

    @property
    def usable(self) -> bool:
        """Whether local features are stored on request, and are such as this Resight computes."""
        from resight.local_features import VERSION

        return bool(self._catalogue.fact("local_version") == VERSION)

    def of(self, image: int) -> LocalFeatures | None:
        """The stored local features of an image; None where it has none, or those of another Resight."""
        from resight.local_features import scale_of

        row = self._selects.one(
            "SELECT first_row, rows, width, height FROM local JOIN images ON id = image WHERE image = ?",
            image,
        )
        return from_rows(self.take(*row[:2]), scale_of(*row[2:])) if row and self.usable else None

    def take(self, first: int, count: int) -> NDArray[np.float32]:
        """(count, 34) rows over the file's memory; raises CutShort where they are missing."""
        found = self._rows[first : first + count]
        if len(found) < count:
            raise CutShort(
                f"{self._name} is missing or cut short: `resight verify --repair` forgets the "
                "local features concerned, and the next `resight index` stores them again."
            )
        return found

    def count(self) -> int:
        """Of how many images local features are stored."""
        row = self._selects.one("SELECT count(*) FROM local")
        return int(row[0]) if row else 0

    def missing(self) -> list[int]:
        """Ids of the images that have none stored."""
        rows = self._selects.all(
            "SELECT id FROM images WHERE id NOT IN (SELECT image FROM local) ORDER BY id"
        )
        return [image for (image,) in rows]

    def files_without(self) -> Iterator[tuple[int, str, tuple[int, int]]]:
        """Image, relative path, and size and time of change, of the files whose image has no usable ones."""
        stored = "SELECT image FROM local" if self.usable else "SELECT 0"
        for image, relative, size, mtime_ns in self._selects.all(
            "SELECT image, relative, size, mtime_ns FROM files WHERE image IS NOT NULL "
            f"AND image NOT IN ({stored})"
        ):
            yield image, from_stored(relative), (size, mtime_ns)

    def checksums(self) -> Iterator[tuple[int, int, int, int]]:
        """Image, first row, number of rows, and the CRC-32 of their bytes, in the order of the rows."""
        return iter(
            self._selects.all("SELECT image, first_row, rows, crc FROM local ORDER BY first_row, image")
        )

    def strangers(self) -> list[int]:
        """Images that have local features stored, and that the catalogue does not know."""
        rows = self._selects.all("SELECT image FROM local WHERE image NOT IN (SELECT id FROM images)")
        return [image for (image,) in rows]
