"""Small JPEGs, with what is drawn over them in pixels of the upright original."""

from __future__ import annotations

import base64
import functools
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resight import images
from resight.errors import BadImage
from resight.roots import read_photo
from resight.types import Region

FINER = 2  # a large JPEG is decoded at no less than this many times the thumbnail's size

Points = NDArray[np.float32]


@dataclass(frozen=True)
class Thumbnail:
    """`scale` takes pixels of the upright original to those of the thumbnail; `source` is base 64."""

    width: int
    height: int
    scale: float
    source: str


@dataclass(frozen=True)
class Picture:
    """A thumbnail, and in its pixels the corners of a region and the points (x, y) that lie over it."""

    small: Thumbnail
    corners: tuple[tuple[float, float], ...] = ()
    points: tuple[tuple[float, float], ...] = ()


def take_picture(
    path: Path | str,
    side: int,
    region: Region | None = None,
    points: Points | None = None,
    turn: int = 0,
    pixel_limit: int = images.PIXEL_LIMIT,
) -> Picture | None:
    """A photo at most `side` pixels wide and high, and what is drawn over it; None: it cannot be read.

    `path` may be an address in object storage.
    """
    try:
        small = thumbnail(path, side, turn, pixel_limit)
    except BadImage:
        return None
    corners = [] if region is None else region.polygon
    places = [] if points is None else (points * small.scale).tolist()
    return Picture(
        small,
        tuple((x * small.scale, y * small.scale) for x, y in corners),
        tuple((x, y) for x, y in places),
    )


@functools.lru_cache(maxsize=16)  # a query stands beside every hit
def thumbnail(path: Path | str, side: int, turn: int = 0, pixel_limit: int = images.PIXEL_LIMIT) -> Thumbnail:
    """At most `side` pixels wide and high; raises BadImage."""
    from PIL import Image

    least = functools.partial(images.size_within, FINER * side)
    photo = images.read(read_photo(path), pixel_limit=pixel_limit, enough=least, turn=turn)
    width, height = images.size_within(side, photo.width, photo.height)
    scale = min(1.0, side / max(photo.width, photo.height))
    data = io.BytesIO()
    Image.fromarray(images.resize(photo.pixels, width, height)).save(data, "JPEG", quality=82)
    return Thumbnail(width, height, scale, base64.b64encode(data.getvalue()).decode())
