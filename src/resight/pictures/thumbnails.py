"""Small JPEGs inside a page, with what is drawn over them in pixels of the upright original."""

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
from resight.types import Region

NO_PICTURE = '<div class="missing">cannot be read</div>'
FINER = 2  # a large JPEG is decoded at no less than this many times the thumbnail's size

Points = NDArray[np.float32]


@dataclass(frozen=True)
class Thumbnail:
    """`scale` takes pixels of the upright original to those of the thumbnail; `source` is base 64."""

    width: int
    height: int
    scale: float
    source: str


def picture(
    path: Path,
    side: int,
    region: Region | None = None,
    points: Points | None = None,
    turn: int = 0,
    pixel_limit: int = images.PIXEL_LIMIT,
) -> str:
    """A photo as an element of a page; the region and the points are drawn over it."""
    try:
        small = thumbnail(path, side, turn, pixel_limit)
    except BadImage:
        return NO_PICTURE
    return (
        f'<svg viewBox="0 0 {small.width} {small.height}" width="{small.width}" height="{small.height}" '
        f'role="img"><image href="data:image/jpeg;base64,{small.source}" width="{small.width}" '
        f'height="{small.height}"/>{_outline(region, small.scale)}{_dots(points, small.scale)}</svg>'
    )


@functools.lru_cache(maxsize=16)  # a query stands beside every hit
def thumbnail(path: Path, side: int, turn: int = 0, pixel_limit: int = images.PIXEL_LIMIT) -> Thumbnail:
    """At most `side` pixels wide and high; raises BadImage."""
    from PIL import Image

    least = functools.partial(_enough, FINER * side)
    photo = images.read(path, pixel_limit=pixel_limit, enough=least, turn=turn)
    scale = min(1.0, side / max(photo.width, photo.height))
    width, height = max(1, round(photo.width * scale)), max(1, round(photo.height * scale))
    data = io.BytesIO()
    Image.fromarray(images.resize(photo.pixels, width, height)).save(data, "JPEG", quality=82)
    return Thumbnail(width, height, scale, base64.b64encode(data.getvalue()).decode())


def _enough(side: int, width: int, height: int) -> tuple[int, int]:
    scale = min(1.0, side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _outline(region: Region | None, scale: float) -> str:
    if region is None:
        return ""
    corners = " ".join(f"{x * scale:.1f},{y * scale:.1f}" for x, y in region.polygon)
    return f'<polygon points="{corners}"/>'


def _dots(points: Points | None, scale: float) -> str:
    places = [] if points is None else (points * scale).tolist()
    return "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2"/>' for x, y in places)
