"""A pyramid of grids: the view, its quarters, ninths, and so on. Patchify, WACV 2026 (arXiv 2512.12610)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resight.areas import WHOLE, Polygon, masks, rectangle
from resight.ranges import at_least

COUNT_VARIES_WITH = ("shape",)  # of maps with fewer rows or columns than levels
SHAPE_ALONE = True
QUERY_WHOLE = True


def pyramid(pixels: NDArray[np.uint8], alpha: NDArray[np.float32], *, levels: int = 4) -> list[Polygon]:
    """A photo and its saliency (H, W) -> the cells of grids of 1 x 1, 2 x 2, ..., `levels` x `levels`.

    The grids come in this order, the cells of each row by row: 30 for 4 levels. Each grid covers the view,
    and its cells do not overlap. On a small map a cell may hold no centre of any of the map's: it is left
    out. A query is the whole photo, or a box in it, and is held against all cells of a photo. Raises
    BadSetting.

    The paper sends each cell through the network by itself. Here the network runs once, and the cells are
    pooled from its map: they see what is around them, and cost nothing more.
    """
    at_least(1, "pyramid", levels=levels)
    cells = [
        rectangle(row / level, column / level, (row + 1) / level, (column + 1) / level)
        for level in range(2, levels + 1)
        for row in range(level)
        for column in range(level)
    ]
    pairs = zip(cells, masks(cells, *alpha.shape), strict=True)
    return [WHOLE, *(cell for cell, mask in pairs if mask.any())]
