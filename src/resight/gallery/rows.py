"""Which rows of a generation belong to which image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from resight.codec import decode_text, encode_text
from resight.gallery.database import Selects, from_stored
from resight.gallery.records import StoredRows
from resight.ranking import Numbers
from resight.types import Region


class Rows:
    """The rows of one generation; 0 for none, which has no rows."""

    def __init__(self, selects: Selects, generation: int) -> None:
        self._selects, self._generation = selects, generation

    def of(self, image: int) -> StoredRows:
        """The rows of an image, and their regions; no rows where it has none yet."""
        row = self._selects.one(
            "SELECT first_row, rows, regions FROM descriptors WHERE image = ? AND generation = ?",
            image, self._generation,
        )  # fmt: skip
        return StoredRows(row[0], row[1], _from_json(row[2])) if row else StoredRows(0, 0)

    def span(self, image: int) -> tuple[int, int]:
        """First row and number of rows of an image; (0, 0) where it has none yet."""
        row = self._selects.one(
            "SELECT first_row, rows FROM descriptors WHERE image = ? AND generation = ?",
            image, self._generation,
        )  # fmt: skip
        return (row[0], row[1]) if row else (0, 0)

    def first_of(self, images: Sequence[int]) -> dict[int, int]:
        """The first row of each of the images that have any, asked for together."""
        statement = "SELECT image, first_row FROM descriptors WHERE generation = ? AND image IN"
        return dict(self._selects.among(statement, images, self._generation))

    def owner(self, row: int) -> int:
        """The image of a row; -1 for a row that is deleted, or not there."""
        found = self._selects.one(
            "SELECT image, first_row + rows FROM descriptors WHERE generation = ? AND first_row <= ? "
            "ORDER BY first_row DESC LIMIT 1",
            self._generation, row,
        )  # fmt: skip
        return int(found[0]) if found and row < found[1] else -1

    def owners_of(self, rows: Numbers) -> Numbers:
        """(M,) rows -> (M,): the image of each, -1 for a row that is deleted, or not there.

        Those that are the first of their image are asked for together.
        """
        asked = rows.tolist()
        statement = "SELECT first_row, image FROM descriptors WHERE generation = ? AND first_row IN"
        found: dict[int, int] = dict(self._selects.among(statement, asked, self._generation))
        return np.array([found[row] if row in found else self.owner(row) for row in asked], np.int64)

    def owners(self, count: int) -> Numbers:
        """(count,): the image of each of the first rows; -1 for a deleted one."""
        stored = self._selects.all(
            "SELECT image, first_row, rows FROM descriptors WHERE generation = ?", self._generation
        )
        known = np.fromiter(stored, np.dtype([("image", "i8"), ("first", "i8"), ("rows", "i8")]))
        before = np.cumsum(known["rows"]) - known["rows"]
        places = np.arange(known["rows"].sum()) + np.repeat(known["first"] - before, known["rows"])
        owners = np.full(count, -1, np.int64)
        inside = places < count
        owners[places[inside]] = np.repeat(known["image"], known["rows"])[inside]
        return owners

    def per_image(self) -> int:
        """About how many rows an image has: those of the image that was described last."""
        last = self._selects.one(
            "SELECT rows FROM descriptors WHERE generation = ? ORDER BY first_row DESC LIMIT 1",
            self._generation,
        )
        return int(last[0]) if last else 1

    def checksums(self) -> Iterator[tuple[int, int, int, int]]:
        """Image, first row, number of rows, and the CRC-32 of their bytes, in the order of the rows."""
        return iter(
            self._selects.all(
                "SELECT image, first_row, rows, crc FROM descriptors WHERE generation = ? ORDER BY first_row",
                self._generation,
            )
        )

    def missing(self) -> Iterator[tuple[int, str]]:
        """Image and relative path of each file whose image has no row."""
        for image, relative in self._selects.all(
            "SELECT image, relative FROM files WHERE image IS NOT NULL AND NOT EXISTS "
            "(SELECT 1 FROM descriptors WHERE descriptors.image = files.image AND generation = ?)",
            self._generation,
        ):
            yield image, from_stored(relative)

    def strangers(self) -> list[int]:
        """Images that have rows, in any generation, and that the catalogue does not know."""
        rows = self._selects.all("SELECT image FROM descriptors WHERE image NOT IN (SELECT id FROM images)")
        return [image for (image,) in rows]


def to_json(regions: Sequence[Region] | None) -> str | None:
    """Regions as the catalogue holds them: a JSON list of polygons, null for none."""
    return None if regions is None else encode_text(tuple(regions), places=1)


def _from_json(text: str | None) -> tuple[Region, ...] | None:
    return decode_text(text, tuple[Region, ...]) if text else None
