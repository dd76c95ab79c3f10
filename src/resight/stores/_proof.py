"""A checksum of some rows, which ties what was made of a gallery to the rows that it was made of."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np

from resight.stores._promise import Rows
from resight.types import Vectors

PROVED = 64  # rows

Take = Callable[[Rows], Vectors]
"""(M,) row numbers -> (M, D) float32."""


def is_made_of(take: Take, rows: int, made_of: int, proof: int) -> bool:
    """Whether what has the `proof` of `made_of` rows was made of these `rows`, or of some of the first.

    Of more rows than these it may be: it is ahead of whoever asks.
    """
    return rows < made_of or prove(take, made_of) == proof


def prove(take: Take, rows: int) -> int:
    """CRC-32 of some of so many rows, the last among them; 0 of none."""
    chosen = np.unique(np.linspace(0, rows - 1, PROVED).astype(np.int64)) if rows else np.empty(0, np.int64)
    return zlib.crc32(np.ascontiguousarray(take(chosen)).tobytes())
