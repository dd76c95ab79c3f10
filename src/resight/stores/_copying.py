"""Rows in the binary format of PostgreSQL's COPY, made by NumPy as one block. PostgreSQL manual, COPY."""

from __future__ import annotations

import numpy as np

from resight.stores._promise import Rows
from resight.types import Vectors

HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # no flags, no extension
TAIL = b"\xff\xff"
BIGINT, SHORT = 8, 2  # bytes


def pack(numbers: Rows, images: Rows, vectors: Vectors) -> bytes:
    """Row numbers (N,), image numbers (N,) and vectors (N, D), the last as pgvector's `halfvec`.

    All numbers are big-endian, each field after its length in bytes.
    """
    width = vectors.shape[1]
    record = np.dtype(
        [
            ("fields", ">i2"),
            ("row_bytes", ">i4"), ("row", ">i8"),
            ("image_bytes", ">i4"), ("image", ">i8"),
            ("vector_bytes", ">i4"), ("width", ">i2"), ("unused", ">i2"), ("vector", ">f2", (width,)),
        ]
    )  # fmt: skip
    packed = np.zeros(len(numbers), record)
    packed["fields"] = 3
    packed["row_bytes"] = packed["image_bytes"] = BIGINT
    packed["vector_bytes"] = 2 * SHORT + 2 * width
    packed["row"], packed["image"], packed["width"], packed["vector"] = numbers, images, width, vectors
    return HEAD + packed.tobytes() + TAIL


def spell(vector: Vectors) -> str:
    """A vector (D,) as pgvector reads it."""
    return f"[{','.join(map(str, vector.tolist()))}]"
