"""The R-MAC grid: square regions at several scales. Tolias, Sicre and Jegou, ICLR 2016, section 3.2."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resight.areas import WHOLE, Polygon, rectangle
from resight.errors import BadSetting

COUNT_VARIES_WITH = ("shape",)

OVERLAP = 0.4
SHAPE_ALONE = True


def rmac_grid(
    pixels: NDArray[np.uint8], alpha: NDArray[np.float32], *, levels: int = 3, whole: bool = True
) -> list[Polygon]:
    """A photo and its saliency (H, W) -> the rectangles of `cells`, in shares of the view.

    `levels` of squares, the smaller the later; with `whole` the whole view is one more region.
    """
    if levels < 1:
        raise BadSetting(f"'rmac-grid' has at least one level, not {levels}.")
    height, width = alpha.shape
    shares = cells(height, width, levels, whole) / np.array([height, width, height, width])
    return [WHOLE if whole and not number else rectangle(*row) for number, row in enumerate(shares)]


def cells(height: int, width: int, levels: int = 3, whole: bool = True) -> NDArray[np.int64]:
    """Map height, width -> (R, 4): top, left, bottom, right in cells.

    At level l the side is `floor(2 min(height, width) / (l + 1))`, at least one cell, and there are l
    squares along the shorter side. Along the longer side there are more, as many as bring neighbours at
    the first level nearest to 40 % overlap. Positions are spread evenly and rounded down; a square that
    comes twice on a small map counts once. `whole` puts the whole map first, also where it is square and the
    first square is the same: public implementations differ in that.
    """
    short = min(height, width)
    more = _along(max(height, width), short) - 1
    boxes = []
    for level in range(1, levels + 1):
        side = max(1, 2 * short // (level + 1))
        tops = _spread(height, side, level + (more if height > width else 0))
        lefts = _spread(width, side, level + (more if width > height else 0))
        boxes += [(top, left, top + side, left + side) for top in tops for left in lefts]
    return np.array([(0, 0, height, width)] * whole + list(dict.fromkeys(boxes)))


def _along(length: int, side: int) -> int:
    """How many squares of this side along the length overlap their neighbours by as near 40 % as can be."""
    if length == side:
        return 1
    ideal = (length - side) / ((1 - OVERLAP) * side)
    counts = [count for count in (int(ideal) + 1, int(ideal) + 2) if count > 1]
    return min(counts, key=lambda n: abs(1 - (length - side) / (n - 1) / side - OVERLAP))


def _spread(length: int, side: int, count: int) -> list[int]:
    return [0] if count == 1 else [i * (length - side) // (count - 1) for i in range(count)]
