"""The regions' vectors one after the other, for photos that all have as many regions."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace

NEEDS = ("equal_counts",)


def concat(vectors: Any) -> Any:
    """(..., R, D) -> (..., 1, R D)."""
    return array_namespace(vectors).reshape(vectors, (*vectors.shape[:-2], 1, -1))
