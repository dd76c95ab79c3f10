"""The sample of the next fit: photos that are kept as they were prepared, so that none is read again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from resight.errors import GalleryError
from resight.gallery.catalogue import Catalogue
from resight.gallery.database import Selects
from resight.gallery.packing import packed_length, unpacked
from resight.gallery.records import sample_name
from resight.gallery.vectors import checksum, mapped
from resight.types import Prepared, Vectors


class FitSample:
    """The photos that a gallery keeps for its next fit."""

    def __init__(self, selects: Selects, catalogue: Catalogue, folder: Path) -> None:
        self._selects, self._catalogue, self._folder = selects, catalogue, folder

    @property
    def file(self) -> Path:
        """The file that they are kept in."""
        return self._folder / sample_name(int(self._catalogue.fact("kept", 1)))

    def images(self) -> list[int]:
        """Ids of the images that are kept."""
        rows = self._selects.all("SELECT id FROM images WHERE kept_shapes IS NOT NULL ORDER BY id")
        return [number for (number,) in rows]

    def holds_all(self) -> bool:
        """Whether every image could be described anew without its photo."""
        return not self._selects.one("SELECT 1 FROM images WHERE kept_shapes IS NULL LIMIT 1")

    def prepared(self, images: Iterable[int]) -> Iterator[tuple[int, Prepared]]:
        """Kept images as they were prepared, one in memory at a time; raises GalleryError for damage."""
        flat = self._numbers()
        for number in images:
            first, crc, shapes = self._place(number)
            if not _is_whole(flat, first, crc, shapes):
                raise GalleryError(f"{self.file.name} is damaged: run `resight verify --repair`.")
            yield number, unpacked(flat, first, shapes)

    def damaged(self) -> Iterator[int]:
        """Ids of the kept images that are not what was written; raises CutShort where the file is short."""
        images = self.images()
        flat = self._numbers() if images else None
        for number in images:
            if flat is not None and not _is_whole(flat, *self._place(number)):
                yield number

    def _place(self, number: int) -> tuple[int, int, dict[str, Any]]:
        row = self._selects.one("SELECT kept_first, kept_crc, kept_shapes FROM images WHERE id = ?", number)
        if row is None or row[2] is None:
            raise GalleryError(f"Image {number} is not kept for a fit.")
        return row[0], row[1], json.loads(row[2])

    def _numbers(self) -> Vectors:
        return mapped(self.file, 1, int(self._catalogue.fact("kept_length", 0)))[:, 0]


def _is_whole(flat: Vectors, first: int, crc: int, shapes: dict[str, Any]) -> bool:
    return checksum(flat[first : first + packed_length(shapes)]) == crc
