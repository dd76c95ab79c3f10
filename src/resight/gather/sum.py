"""The sum over the regions. Tolias, Sicre and Jegou, ICLR 2016, section 3.2."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace


def sum(vectors: Any) -> Any:
    """(..., R, D) -> (..., 1, D)."""
    return array_namespace(vectors).sum(vectors, axis=-2, keepdims=True)
