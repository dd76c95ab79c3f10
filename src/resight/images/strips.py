"""Cuts an image into strips of rows, so that no second copy of the whole is ever in memory."""

from __future__ import annotations

from collections.abc import Iterator


def strips(width: int, height: int) -> Iterator[slice]:
    """Rows of about a million pixels at a time."""
    step = max(1, (1 << 20) // width)
    return (slice(start, min(height, start + step)) for start in range(0, height, step))
