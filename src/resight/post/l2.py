"""Scale each vector to unit length."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace


def l2(vectors: Any, *, eps: float = 1e-12) -> Any:
    """(N, D) -> (N, D) of unit length; a zero vector stays zero. No length below `eps` is divided by.

    The gradient is finite everywhere: the root is taken of squares above zero alone.
    """
    xp = array_namespace(vectors)
    squares = xp.sum(vectors * vectors, axis=1, keepdims=True)
    squares = xp.where(squares > 0, xp.clip(squares, min=eps * eps), xp.ones_like(squares))
    return vectors / xp.sqrt(squares)
