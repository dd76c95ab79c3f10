"""What a gallery stores: values made of its rows, names of its files, and prepared photos laid flat."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight.types import Prepared, Region


@dataclass(frozen=True)
class Generation:
    """One fit's vectors: the file `vectors-NNN.f32`, its size, and the parameters that made it."""

    number: int
    purpose: str
    width: int | None
    rows: int
    parameters: str | None
    provenance: dict[str, Any]


@dataclass(frozen=True)
class StoredImage:
    """A described image: its id, content hash, upright size in pixels, and the files that hold it.

    `turn`: by how many degrees clockwise it was turned after it was read; its size is the one it has then.
    """

    id: int
    sha256: bytes
    width: int
    height: int
    files: tuple[str, ...]
    turn: int = 0


def vectors_name(number: int) -> str:
    """The file of a generation's vectors."""
    return f"vectors-{number:03d}.f32"


def kept_name(number: int) -> str:
    """The file of the prepared photos that are kept for the next fit."""
    return f"kept-{number:03d}.f32"


def local_name(number: int) -> str:
    """The file of the photos' local features."""
    return f"local-{number:03d}.bin"


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
