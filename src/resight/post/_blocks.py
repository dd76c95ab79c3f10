"""Work on matrices too large to be copied: block by block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

NUMBERS = 2**25  # in a block: 128 MiB in float32
ROWS = 4096  # in a block, at most


def parts(matrix: NDArray[Any]) -> Iterator[slice]:
    """Slices over the rows of a matrix, each of a block."""
    step = max(1, min(ROWS, NUMBERS // max(1, matrix.shape[1])))
    for first in range(0, len(matrix), step):
        yield slice(first, first + step)


def strips(matrix: NDArray[Any]) -> Iterator[slice]:
    """Slices over the columns of a matrix, each of a block."""
    step = max(1, NUMBERS // len(matrix))
    for first in range(0, matrix.shape[1], step):
        yield slice(first, first + step)


def buffered(arrays: Iterable[NDArray[Any]], rows: int = 1024) -> Iterator[NDArray[np.float32]]:
    """The rows of all arrays in blocks of one size, however they come; a block is overwritten by the next."""
    buffer, filled = np.empty((0, 0), np.float32), 0
    for array in arrays:
        if not len(buffer):
            buffer = np.empty((max(1, min(rows, NUMBERS // array.shape[1])), array.shape[1]), np.float32)
        taken = 0
        while taken < len(array):
            piece = array[taken : taken + len(buffer) - filled]
            buffer[filled : filled + len(piece)] = piece
            taken, filled = taken + len(piece), filled + len(piece)
            if filled == len(buffer):
                yield buffer
                filled = 0
    if filled:
        yield buffer[:filled]


def dot_products(ones: NDArray[Any], others: NDArray[Any]) -> NDArray[np.float64]:
    """(D, K) and (D, L) -> (K, L): of their columns, in float64."""
    product = np.zeros((ones.shape[1], others.shape[1]))
    for part in parts(ones):
        product += ones[part].astype(np.float64).T @ others[part].astype(np.float64)
    return product
