"""Which rows of the live vectors belong to which image."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from resight.types import Region

if TYPE_CHECKING:
    from resight.gallery.reader import Gallery


class Rows:
    """The rows of a gallery's live generation, for its readers."""

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery

    def of(self, image: int) -> tuple[int, int]:
        """First row and number of rows of an image in the live vectors; (0, 0) where it has none yet."""
        return self.stored(image)[:2]

    def stored(self, image: int) -> tuple[int, int, str | None]:
        """First row, number of rows and regions (JSON) of an image in the live vectors."""
        row = self._gallery.connection.execute(
            "SELECT first_row, rows, regions FROM descriptors WHERE image = ? AND generation = ?",
            (image, self._live()),
        ).fetchone()
        return row or (0, 0, None)

    def owner(self, row: int) -> tuple[int, Region | None] | None:
        """The image of a row of the live vectors, and the region that the row describes; None if dead."""
        found = self._gallery.connection.execute(
            "SELECT image, first_row, rows, regions FROM descriptors "
            "WHERE generation = ? AND first_row <= ? ORDER BY first_row DESC LIMIT 1",
            (self._live(), row),
        ).fetchone()
        if found is None or row >= found[1] + found[2]:
            return None
        image, first, _, regions = found
        return image, Region.of(json.loads(regions)[row - first]) if regions else None

    def per_image(self) -> int:
        """About how many rows an image has: those of the image that was described last."""
        number = self._live()
        last = self._gallery.connection.execute(
            "SELECT rows FROM descriptors WHERE generation = ? ORDER BY first_row DESC LIMIT 1", (number,)
        ).fetchone()
        return int(last[0]) if last else 1

    def _live(self) -> int:
        return self._gallery.live.number if self._gallery.live else 0
