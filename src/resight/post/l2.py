"""Scale each vector to unit length."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace


def l2(vectors: Any, *, eps: float = 1e-12) -> Any:
    """(N, D) -> (N, D) of unit length; a zero vector stays zero. No length below `eps` is divided by."""
    xp = array_namespace(vectors)
    length = xp.sqrt(xp.sum(vectors * vectors, axis=1, keepdims=True))
    return vectors / xp.clip(length, min=eps)
