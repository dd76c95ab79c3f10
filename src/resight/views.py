"""The images of a photo to describe: sizes and operations, and the way back to the original's pixels."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resight import policy
from resight.images import Photo, resize
from resight.parts import Views
from resight.types import Box


@dataclass(frozen=True)
class View:
    """Pixels (H, W, 3) uint8, and `back`, a (2, 3) affine map from shares of the view to the original."""

    pixels: NDArray[np.uint8]
    back: NDArray[np.float64]

    def to_original(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, 2) x, y in shares of the view, 0 to 1 -> in pixels of the upright original."""
        moved: NDArray[np.float64] = points @ self.back[:, :2].T + self.back[:, 2]
        return moved

    def through(self, operation: str) -> View:
        """The view that an operation makes of this one, such as "rotate:magnitude=10"."""
        pixels, own = policy.operation(operation)(self.pixels)
        back = np.column_stack([self.back[:, :2] @ own[:, :2], self.to_original(own[:, 2])])
        return View(pixels, back)


class Seen:
    """A photo, or a box in it, of which views are made; it is resized once for each size."""

    def __init__(self, photo: Photo, box: Box | None = None) -> None:
        width, height = photo.width, photo.height
        left, top, right, bottom = (box or Box(0, 0, width, height)).within(width, height)
        across, down = photo.pixels.shape[1] / width, photo.pixels.shape[0] / height
        pixels = photo.pixels[
            int(top * down) : max(int(top * down) + 1, round(bottom * down)),
            int(left * across) : max(int(left * across) + 1, round(right * across)),
        ]
        self._size = right - left, bottom - top
        self._whole = View(pixels, np.array([[right - left, 0.0, left], [0.0, bottom - top, top]]))
        self._resized: dict[tuple[int, int], View] = {}

    def views(self, wanted: Views) -> Iterator[View]:
        """The views that a recipe asks for: of each operation, if there are any, one a size."""
        for operation in wanted.policy or ("",):
            for size in wanted.sizes:
                if not operation:
                    yield self._resize(size, wanted)
                elif policy.side(operation):
                    yield self._whole.through(operation)
                else:
                    yield self._resize(size, wanted).through(operation)

    def _resize(self, size: int, wanted: Views) -> View:
        shape = target(*self._size, size, wanted)
        if shape not in self._resized:
            self._resized[shape] = View(resize(self._whole.pixels, *shape), self._whole.back)
        return self._resized[shape]


def views(photo: Photo, wanted: Views, box: Box | None = None) -> Iterator[View]:
    """The views that a recipe asks for, of the whole photo or of a box in it."""
    return Seen(photo, box).views(wanted)


def enough(width: int, height: int, wanted: Sequence[Views]) -> tuple[int, int]:
    """Width and height in pixels that a whole photo of this size is shrunk to at most, for all views."""
    targets = [target(width, height, size, own) for own in wanted for size in own.sizes]
    sides = [side for own in wanted for side in map(policy.side, own.policy)]
    return max(*sides, 0, *(w for w, _ in targets)), max(*sides, 0, *(h for _, h in targets))


def target(width: int, height: int, size: int, wanted: Views) -> tuple[int, int]:
    """Width and height in pixels of a view; an aspect is kept but for 'square', which warps."""
    if wanted.resize == "square":
        return size, size
    side = max(width, height) if wanted.resize == "longest" else min(width, height)
    scale = min(size / side, wanted.enlarge)
    return max(1, round(width * scale)), max(1, round(height * scale))


def cost(wanted: Views) -> float:
    """How many times the pixels of the views without a policy go through the network, on a large photo."""
    side = max(wanted.sizes)
    seen = Seen(Photo(np.zeros((side, side, 3), np.uint8), side, side))
    alone = dataclasses.replace(wanted, policy=())
    pixels = [sum(view.pixels[..., 0].size for view in seen.views(each)) for each in (wanted, alone)]
    return pixels[0] / pixels[1]
