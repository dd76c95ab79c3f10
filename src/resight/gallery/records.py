"""What a gallery stores: values made of its rows, and names of its files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from resight.types import Region


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


@dataclass(frozen=True)
class StoredFile:
    """An indexed file: the id of its image, size in bytes and time of change in ns, as its root has them.

    `image` is None where it failed, and `failure` says why.
    """

    image: int | None
    size: int
    mtime_ns: int
    failure: str | None = None

    @property
    def state(self) -> tuple[int, int]:
        """What the root says of a file that has not changed since."""
        return self.size, self.mtime_ns


@dataclass(frozen=True)
class StoredRows:
    """The rows of an image: the first, how many, and the region of each; None where one covers the photo."""

    first: int
    count: int
    regions: tuple[Region, ...] | None = None


def vectors_name(number: int) -> str:
    """The file of a generation's vectors."""
    return f"vectors-{number:03d}.f32"


def sample_name(number: int) -> str:
    """The file of the prepared photos that are kept for the next fit."""
    return f"kept-{number:03d}.f32"


def local_name(number: int) -> str:
    """The file of the photos' local features."""
    return f"local-{number:03d}.bin"
