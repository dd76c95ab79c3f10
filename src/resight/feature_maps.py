"""What a backbone sees in a view: a map of cells on a grid, or points with places of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from array_api_compat import array_namespace, to_device
from numpy.typing import NDArray

from resight import areas, saliency
from resight.areas import Masks, Polygon
from resight.types import Vectors

CELL = 16  # pixels of a view, the side of the cells in which points are counted for their saliency


@dataclass(frozen=True, eq=False)
class FeatureMap:
    """`cells` (B, C, H, W) of any library and device: float32, or 8-bit whole numbers in steps of `scale`.

    Of a network the cells are a grid over each of B views of one shape. Of points, B and H are 1, and
    `places` (W, 2) float32 are their x, y in shares of the view.
    """

    cells: Any
    places: NDArray[np.float32] | None = None
    scale: float = 1.0

    def values(self) -> Any:
        """(B, C, H, W) float32; NumPy's have channels last in memory: poolings then run along whole rows."""
        if not isinstance(self.cells, np.ndarray):
            xp = array_namespace(self.cells)
            floats = xp.astype(self.cells, xp.float32, copy=False)
            return floats if self.scale == 1 else floats * self.scale
        last = np.ascontiguousarray(self.cells.transpose(0, 2, 3, 1), dtype=np.float32)
        if self.scale != 1:
            last = last * np.float32(self.scale)
        return last.transpose(0, 3, 1, 2)

    def masks(self, polygons: Sequence[Polygon]) -> Masks:
        """Polygons in shares of the view -> (R, H, W): cells whose centre lies inside, or points that do."""
        if self.places is None:
            return areas.masks(polygons, self.cells.shape[2], self.cells.shape[3])
        return areas.inside(polygons, self.places)[:, None, :]

    def saliency(self, height: int, width: int) -> Vectors:
        """(H, W) saliency on a grid over the first view, of `height` and `width` pixels, for region methods.

        Points give theirs to the cell that they lie in.
        """
        grid = np.zeros((max(1, round(height / CELL)), max(1, round(width / CELL))), np.float32)
        if self.places is not None and not len(self.places):
            return grid
        first = FeatureMap(self.cells[:1], self.places, self.scale).values()
        positive = array_namespace(first).clip(first, min=0)
        alpha: Vectors = np.asarray(to_device(saliency.spatial(positive)[0], "cpu"))
        if self.places is None:
            return alpha
        rows, columns = (
            np.clip((self.places[:, axis] * size).astype(np.int64), 0, size - 1)
            for axis, size in ((1, grid.shape[0]), (0, grid.shape[1]))
        )
        np.add.at(grid, (rows, columns), alpha[0])
        return grid / max(float(np.linalg.norm(grid)), saliency.TINY)


class Seeing(Protocol):
    """An engine whose maps have places of their own."""

    def look(self, pixels: NDArray[np.uint8]) -> list[FeatureMap]:
        """(1, H, W, 3) uint8 sRGB -> a map a layer."""
        ...


def look(engine: Any, pixels: NDArray[np.uint8]) -> list[FeatureMap]:
    """One view (1, H, W, 3) -> a map a layer, with places where the engine finds points."""
    if hasattr(engine, "look"):
        found: list[FeatureMap] = engine.look(pixels)
        return found
    return [FeatureMap(cells) for cells in engine(pixels)]
