"""What is kept of photos for the next fit: prepared as they were."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from resight.errors import GalleryError
from resight.gallery.packing import packed_length, unpacked
from resight.gallery.stored import kept_name
from resight.gallery.vectors import checksum, mapped
from resight.types import Prepared

if TYPE_CHECKING:
    from resight.gallery.reader import Gallery


class Kept:
    """What a gallery keeps, for its readers."""

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery

    def images(self) -> list[int]:
        """Ids of the images that are kept for the next fit."""
        rows = self._gallery.connection.execute(
            "SELECT id FROM images WHERE kept_shapes IS NOT NULL ORDER BY id"
        )
        return [number for (number,) in rows]

    def holds_all(self) -> bool:
        """Whether every image could be described anew without its photo."""
        return not self._gallery.connection.execute(
            "SELECT 1 FROM images WHERE kept_shapes IS NULL LIMIT 1"
        ).fetchone()

    def prepared(self, images: Iterable[int]) -> Iterator[tuple[int, Prepared]]:
        """Kept images as they were prepared, one in memory at a time."""
        path = self._gallery.folder / kept_name(int(self._gallery.fact("kept", 1)))
        flat = mapped(path, 1, int(self._gallery.fact("kept_length", 0)))[:, 0]
        for number in images:
            first, text, crc = self._gallery.connection.execute(
                "SELECT kept_first, kept_shapes, kept_crc FROM images WHERE id = ?", (number,)
            ).fetchone()
            shapes = json.loads(text)
            if checksum(flat[first : first + packed_length(shapes)]) != crc:
                raise GalleryError(f"{path.name} is damaged: run `resight verify --repair`.")
            yield number, unpacked(flat, first, shapes)
