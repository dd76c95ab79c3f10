"""Whether two photos are one picture, encoded or resized otherwise: they are compared as very small pictures.

What 16 x 16 pixels show of a photo does not depend on its encoding and size, but on its framing: a crop of
it, or another photo of the same thing, differs (docs/evaluation.md has the figures).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resight.images.photo import Photo, Size
from resight.images.resizing import resize

SIDE = 16  # pixels of a small picture
FINER = 8  # a large JPEG is decoded at no less than this many times that
COPY = 0.18  # the largest difference of two encodings of one picture
FLAT = 1.0  # grey levels: what differs less than this from one colour has nothing to be told by

Small = NDArray[np.uint8]


def small(photo: Photo) -> Small:
    """(SIDE, SIDE, 3) uint8."""
    return resize(photo.pixels, SIDE, SIDE)


def enough(width: int, height: int) -> Size:
    """How many pixels of a photo are enough for its small picture."""
    scale = min(1.0, FINER * SIDE / min(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def difference(one: Small, others: Small) -> NDArray[np.float32]:
    """(SIDE, SIDE, 3) with (N, SIDE, SIDE, 3) -> (N,): 0 for the same, about 1.4 where nothing is alike.

    The root of the mean squared difference, as a share of how much the flatter of the two varies.
    """
    own, theirs = one.astype(np.float32), others.astype(np.float32)
    apart = np.sqrt(np.square(theirs - own).mean((1, 2, 3)))
    variation = np.minimum(_variation(own[None]), _variation(theirs))
    found: NDArray[np.float32] = apart / np.maximum(variation, FLAT)
    return found


def _variation(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, SIDE, SIDE, 3) -> (N,): how far the pixels are from the picture's own mean colour."""
    found: NDArray[np.float32] = np.sqrt(pictures.var((1, 2)).mean(1))
    return found
