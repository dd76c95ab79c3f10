"""What a gallery stores: values made of its rows, names of its files, and pooled vectors laid flat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight.types import Box, Pooled, Region


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
    """A described image: its id, content hash, upright size in pixels, and the files that hold it."""

    id: int
    sha256: bytes
    width: int
    height: int
    files: tuple[str, ...]


def vectors_name(number: int) -> str:
    """The file of a generation's vectors."""
    return f"vectors-{number:03d}.f32"


def kept_name(number: int) -> str:
    """The file of the pooled vectors that are kept for the next fit."""
    return f"kept-{number:03d}.f32"


def unpacked(flat: NDArray[np.float32], first: int, kept: dict[str, Any]) -> Pooled:
    """`packed` undone, from a position in the kept file."""
    views = []
    for shapes in kept["views"]:
        layers = []
        for rows, width in shapes:
            layers.append(np.array(flat[first : first + rows * width]).reshape(rows, width))
            first += rows * width
        views.append(layers)
    return Pooled(views, tuple(Region(Box(*box)) for box in kept["regions"]))


def packed(pooled: Pooled) -> tuple[NDArray[np.float32], dict[str, Any]]:
    """All numbers of a photo's pooled vectors in one (N, 1) column, and the shapes that undo it (JSON)."""
    flat = np.concatenate([rows.ravel() for layers in pooled.vectors for rows in layers])
    shapes = {
        "views": [[list(rows.shape) for rows in layers] for layers in pooled.vectors],
        "regions": [region.box.as_list() for region in pooled.regions],
    }
    return flat[:, None], shapes


def packed_length(shapes: dict[str, Any]) -> int:
    """How many numbers such shapes take."""
    return sum(int(rows * width) for layers in shapes["views"] for rows, width in layers)
