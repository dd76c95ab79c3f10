"""Signed square root. Perronnin, Sanchez and Mensink, ECCV 2010, section 3.2, with power 1/2."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace

TINY = 1e-12


def signed_root(vectors: Any) -> Any:
    """(N, D) -> (N, D): `sign(x) sqrt|x|`; below 1e-12 a straight line, so that the gradient stays finite."""
    xp = array_namespace(vectors)
    return vectors / xp.sqrt(xp.clip(xp.abs(vectors), min=TINY))
