"""A column's patch: the square of n / n_l pixels at its place. Ng, Yang and Davis, 2015, section 3.2."""

from __future__ import annotations

from resight import images
from resight.images.photo import Pixels

Grid = tuple[int, int]


def place(pixels: Pixels, grid: Grid, cell: int) -> tuple[slice, slice]:
    """Rows and columns of pixels of a cell, counted row by row: the cells of a grid (H, W) tile the photo."""
    (row, column), (height, width) = divmod(cell, grid[1]), grid
    down, across = pixels.shape[:2]
    top, left = row * down // height, column * across // width
    bottom, right = (row + 1) * down // height, (column + 1) * across // width
    return slice(top, max(bottom, top + 1)), slice(left, max(right, left + 1))


def patch(pixels: Pixels, grid: Grid, cell: int) -> Pixels:
    """The pixels of a cell."""
    return pixels[place(pixels, grid, cell)]


def like(found: Pixels, other: Pixels) -> Pixels:
    """A patch in the size of another: where n_l does not divide n, some are a pixel larger."""
    if found.shape == other.shape:
        return found
    return images.resize(found, other.shape[1], other.shape[0])
