"""The images of a photo to describe: their sizes, and the way back to the original's pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resight.images import Photo, resize
from resight.parts import Views
from resight.types import Box


@dataclass(frozen=True)
class View:
    """Pixels (H, W, 3) uint8, and `back`, a (2, 3) affine map from shares of the view to the original.

    A policy of transformations will make more views of each size, each with its own way back.
    """

    pixels: NDArray[np.uint8]
    back: NDArray[np.float64]

    def to_original(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, 2) x, y in shares of the view, 0 to 1 -> in pixels of the upright original."""
        moved: NDArray[np.float64] = points @ self.back[:, :2].T + self.back[:, 2]
        return moved


def views(photo: Photo, wanted: Views, box: Box | None = None) -> Iterator[View]:
    """The views that a recipe asks for, of the whole photo or of a box in it."""
    left, top, right, bottom = (box or Box(0, 0, photo.width, photo.height)).within(photo.width, photo.height)
    across, down = photo.pixels.shape[1] / photo.width, photo.pixels.shape[0] / photo.height
    pixels = photo.pixels[
        int(top * down) : max(int(top * down) + 1, round(bottom * down)),
        int(left * across) : max(int(left * across) + 1, round(right * across)),
    ]
    back = np.array([[right - left, 0.0, left], [0.0, bottom - top, top]])
    for size in wanted.sizes:
        width, height = target(right - left, bottom - top, size, wanted)
        yield View(resize(pixels, width, height), back)


def enough(width: int, height: int, wanted: Sequence[Views]) -> tuple[int, int]:
    """Width and height in pixels that a whole photo of this size is shrunk to at most, for all views."""
    targets = [target(width, height, size, own) for own in wanted for size in own.sizes]
    return max(w for w, _ in targets), max(h for _, h in targets)


def target(width: int, height: int, size: int, wanted: Views) -> tuple[int, int]:
    """Width and height in pixels of a view; an aspect is kept but for 'square', which warps."""
    if wanted.resize == "square":
        return size, size
    side = max(width, height) if wanted.resize == "longest" else min(width, height)
    scale = min(size / side, wanted.enlarge)
    return max(1, round(width * scale)), max(1, round(height * scale))
