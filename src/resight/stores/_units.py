"""Rows of unit length, which an index can hold; the others are compared apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resight.stores._promise import Given, Rows
from resight.types import Vectors

UNIT = 1e-3  # how far from 1 the length of a row may be


def have_unit_length(rows: Vectors) -> NDArray[np.bool_]:
    """(N, D) -> (N,)."""
    found: NDArray[np.bool_] = np.abs(np.linalg.norm(rows, axis=1) - 1) < UNIT
    return found


def split(given: Given, start: int, count: int) -> tuple[Rows, Vectors, Rows]:
    """Of `count` rows from `start` on: numbers and rows of unit length, and the numbers of the others.

    Deleted rows are among neither.
    """
    rows = np.asarray(given.vectors[start : start + count])
    numbers = np.arange(start, start + len(rows))
    kept = ~np.isin(numbers, given.deleted)
    unit = kept & have_unit_length(rows)
    return numbers[unit], rows[unit], numbers[kept & ~unit]
