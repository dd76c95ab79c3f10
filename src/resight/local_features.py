"""Local features of a photo: SIFT points and root-normalised descriptors. Lowe 2004; Arandjelovic 2012."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from resight.images import Photo, read, size_within
from resight.points.sift import sift
from resight.ranking import LocalFeatures
from resight.types import Box

SIDE = 640  # pixels, of the longest side
COUNT = 700
VERSION = f"sift-{SIDE}-{COUNT}-v1"


def extract(photo: Photo, box: Box | None = None) -> LocalFeatures:
    """The points of a photo, or of a box in it, strongest first: at most COUNT.

    They are found in the grey view, shrunk to at most SIDE pixels on its longest side, and stand in pixels of
    the upright original, whose upper left corner is 0, 0. A box outside the photo is a `BadQuery`.
    """
    import cv2

    left, top, right, bottom = _span(photo, box)
    grey: Any = cv2.cvtColor(photo.pixels[top:bottom, left:right], cv2.COLOR_RGB2GRAY)
    width, height = enough(right - left, bottom - top)
    if (width, height) != (right - left, bottom - top):
        grey = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA)
    places, descriptors = sift(np.asarray(grey, np.uint8), count=COUNT)
    if not len(places):
        return nothing()
    shrunk = np.array([(right - left) / width, (bottom - top) / height])
    original = np.array([photo.width / photo.pixels.shape[1], photo.height / photo.pixels.shape[0]])
    points = (places * shrunk + (left, top)) * original
    scale = max(1.0, float((shrunk * original).max()))
    return LocalFeatures(points.astype(np.float32), descriptors, scale)


def read_and_extract(
    source: bytes | Path, turn: int, pixel_limit: int, box: Box | None = None
) -> LocalFeatures:
    """The points of a file or its bytes, turned by `turn` degrees clockwise; raises BadImage."""
    photo = read(source, pixel_limit=pixel_limit, enough=None if box else enough, turn=turn)
    return extract(photo, box)


def scale_of(width: int, height: int) -> float:
    """How many pixels of a photo of this size make one of the view in which its points are found."""
    across, down = enough(width, height)
    return max(1.0, width / across, height / down)


def nothing() -> LocalFeatures:
    """Of a photo without a point, or without any that can be read."""
    return LocalFeatures(np.empty((0, 2), np.float32), np.empty((0, 128), np.uint8))


def enough(width: int, height: int) -> tuple[int, int]:
    """Width and height in pixels that a photo of this size is shrunk to; a smaller one stays as it is."""
    return size_within(SIDE, width, height)


def _span(photo: Photo, box: Box | None) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the box in the pixels at hand, which may be fewer than the original's."""
    height, width = photo.pixels.shape[:2]
    left, top, right, bottom = (box or Box(0, 0, photo.width, photo.height)).within(photo.width, photo.height)
    across, down = width / photo.width, height / photo.height
    left, top = min(int(left * across), width - 1), min(int(top * down), height - 1)
    return left, top, max(left + 1, round(right * across)), max(top + 1, round(bottom * down))
