"""Writing local features: appended beside vectors, and committed with them."""

from __future__ import annotations

from collections.abc import Callable

from resight.errors import GalleryError
from resight.gallery.local import WIDTH, to_rows
from resight.gallery.records import local_name
from resight.gallery.transaction import Transaction
from resight.gallery.vectors import checksum
from resight.ranking import LocalFeatures


class LocalWriter:
    """The writer's end of the stored local features."""

    def __init__(self, work: Transaction) -> None:
        self._work = work

    def put(self, image: int, features: LocalFeatures) -> None:
        """Append the local features of an image that has none; they last from the next commit on."""
        first, crc = self._work.append(
            self._work.file(local_name(self._number()), WIDTH, self._length()), to_rows(features)
        )
        self._work.later("INSERT INTO local VALUES (?, ?, ?, ?)", image, first, len(features), crc)

    def forget(self, image: int) -> None:
        """Those of an image are damaged: the next `index` stores them again."""
        self._work.later("DELETE FROM local WHERE image = ?", image)

    def restart(self, version: str | None) -> None:
        """Forget all; those of this version may come instead, or none."""
        self._work.commit()
        self._work.let_go(local_name(self._number()))
        self._work.later("DELETE FROM local")
        if self._length():
            self._work.set("local", self._number() + 1)  # a reader may have the old file mapped
        self._work.set("local_rows", 0)
        self._work.set("local_version", version)
        self._work.commit()
        self._work.delete_garbage()

    def rewrite(self, stopping: Callable[[], bool]) -> bool:
        """Write all into a new file without gaps; false, with nothing changed, if it was stopped.

        Needs no memory for each image: the rows stay in order, so one statement moves them all. Raises
        GalleryError if some are damaged.
        """
        stored = self._work.committed.local_features
        if sum(count for _, _, count, _ in stored.checksums()) == self._length():
            return True
        number = self._number()
        self._work.let_go(local_name(number))
        fresh = self._work.file(local_name(number + 1), WIDTH, 0)
        for image, first, count, crc in stored.checksums():
            rows = stored.take(first, count)
            if checksum(rows) != crc:
                raise GalleryError(
                    f"Local features of image {image} are damaged: run `resight verify --repair`."
                )
            self._work.append(fresh, rows)
            if stopping():
                self._work.let_go(local_name(number + 1))
                return False
        self._work.set("local", number + 1)
        self._work.later(
            "UPDATE local SET first_row = moved.first FROM (SELECT image, sum(rows) OVER "
            "(ORDER BY first_row, image ROWS UNBOUNDED PRECEDING) - rows AS first FROM local) AS moved "
            "WHERE moved.image = local.image"
        )
        return True

    def _number(self) -> int:
        return int(self._work.catalogue.fact("local", 1))

    def _length(self) -> int:
        return int(self._work.catalogue.fact("local_rows", 0))
