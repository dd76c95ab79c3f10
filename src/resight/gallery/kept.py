"""What is kept of photos for the next fit: prepared as they were, and laid flat."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resight.errors import GalleryError
from resight.gallery.stored import kept_name
from resight.gallery.vectors import checksum, mapped
from resight.types import Prepared, Region

if TYPE_CHECKING:
    from resight.gallery.reader import Gallery


def packed(prepared: Prepared) -> tuple[NDArray[np.float32], dict[str, Any]]:
    """All numbers of a prepared photo in one (N, 1) column, and the shapes that undo it (JSON)."""
    flat = np.concatenate([array.ravel() for layers in prepared.arrays for array in layers])
    shapes = {
        "views": [[list(array.shape) for array in layers] for layers in prepared.arrays],
        "regions": [region.as_list() for region in prepared.regions],
    }
    if prepared.polygons:
        shapes["polygons"] = [
            [[polygon.tolist() for polygon in polygons] for polygons in layers]
            for layers in prepared.polygons
        ]
    return flat[:, None], shapes


def unpacked(flat: NDArray[np.float32], first: int, kept: dict[str, Any]) -> Prepared:
    """`packed` undone, from a position in the kept file."""
    views = []
    for shapes in kept["views"]:
        layers = []
        for shape in shapes:
            length = math.prod(shape)
            layers.append(np.array(flat[first : first + length]).reshape(shape))
            first += length
        views.append(layers)
    polygons = [
        [[np.array(polygon) for polygon in polygons] for polygons in layers]
        for layers in kept.get("polygons", ())
    ]
    return Prepared(views, tuple(map(Region.of, kept["regions"])), polygons)


def packed_length(shapes: dict[str, Any]) -> int:
    """How many numbers such shapes take."""
    return sum(math.prod(shape) for layers in shapes["views"] for shape in layers)


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
