"""Local features in the gallery: rows of 136 bytes, a point and its descriptor, which are moved as bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from resight.gallery.stored import local_name
from resight.gallery.vectors import FLOAT, CutShort, is_whole, mapped
from resight.ranking import LocalFeatures

if TYPE_CHECKING:
    from resight.gallery.reader import Gallery

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


class LocalReader:
    """The local features of a gallery, for its readers: mapped anew only where they grew."""

    def __init__(self, gallery: Gallery) -> None:
        self._gallery, self._number = gallery, 0
        self._rows: NDArray[np.float32] = np.empty((0, WIDTH), dtype=FLOAT)

    def follow(self, damaged: bool) -> None:
        """See the rows that are committed by now; with `damaged` those of them that are there."""
        query = "SELECT key, value FROM facts WHERE key IN ('local', 'local_rows')"
        facts = dict(self._gallery.connection.execute(query).fetchall())
        number, rows = int(facts.get("local", 1)), int(facts.get("local_rows", 0))
        if number != self._number or rows != len(self._rows) or not is_whole(self._rows):
            self._rows = mapped(self._gallery.folder / local_name(number), WIDTH, rows, damaged)
            self._number = number

    @property
    def usable(self) -> bool:
        """Whether local features are stored on request, and are such as this Resight computes."""
        from resight.local_features import VERSION

        return bool(self._gallery.fact("local_version") == VERSION)

    def of(self, image: int) -> LocalFeatures | None:
        """The stored local features of an image; None where it has none, or those of another Resight."""
        if not self._gallery.connection.in_transaction:
            with self._gallery.at_rest():  # the row and the file that it points into are one
                return self._gallery.local_features.of(image)  # another than this one, if opened anew
        from resight.local_features import scale_of

        row = self._gallery.connection.execute(
            "SELECT first_row, rows, width, height FROM local JOIN images ON id = image WHERE image = ?",
            (image,),
        ).fetchone()
        return from_rows(self.take(*row[:2]), scale_of(*row[2:])) if row and self.usable else None

    def take(self, first: int, count: int) -> NDArray[np.float32]:
        """(count, 34) rows over the file's memory; raises CutShort where they are missing."""
        found = self._rows[first : first + count]
        if len(found) < count:
            raise CutShort(
                f"{local_name(self._number)} is missing or cut short: `resight verify --repair` forgets the "
                "local features concerned, and the next `resight index` stores them again."
            )
        return found

    def count(self) -> int:
        """Of how many images local features are stored."""
        return int(self._gallery.connection.execute("SELECT count(*) FROM local").fetchone()[0])
