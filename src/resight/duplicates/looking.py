"""What of a photo is compared with another: a very small picture, a small grey one, and local features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resight import local_features
from resight.images import Photo, read
from resight.images.likeness import Small, small
from resight.images.resizing import resize_within
from resight.ranking import LocalFeatures

SIDE = 160  # pixels of the longest side of the grey picture

Grey = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Seen:
    """`small` (16, 16, 3) uint8; `grey` (H, W) uint8, at most SIDE pixels; `features` in original pixels.

    `width` and `height` are the upright original's.
    """

    small: Small
    grey: Grey
    features: LocalFeatures
    width: int
    height: int


def look(photo: Photo, features: LocalFeatures | None = None) -> Seen:
    """A photo of at least `local_features.enough` pixels; its local features where they are known already."""
    import cv2

    shrunk = resize_within(photo.pixels, SIDE)
    grey = np.asarray(cv2.cvtColor(shrunk, cv2.COLOR_RGB2GRAY), np.uint8)
    found = local_features.extract(photo) if features is None else features
    return Seen(small(photo), grey, found, photo.width, photo.height)


def look_at(source: bytes, turn: int, pixel_limit: int, features: LocalFeatures | None = None) -> Seen:
    """The same of a file's bytes, turned by `turn` degrees clockwise; raises BadImage."""
    photo = read(source, pixel_limit=pixel_limit, enough=local_features.enough, turn=turn)
    return look(photo, features)
