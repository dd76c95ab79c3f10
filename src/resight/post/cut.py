"""The first dimensions of a vector: compact codes. Husain, Ong and Bober, 2019 (ACTNET), section 5."""

from __future__ import annotations

from typing import Any

from resight.errors import BadSetting


def cut(vectors: Any, *, dims: int) -> Any:
    """(N, D) -> (N, dims), the first of them; after whitening they are the strongest."""
    if not 1 <= dims <= vectors.shape[1]:
        raise BadSetting(f"'cut' can keep 1 to {vectors.shape[1]} dimensions here, not {dims}.")
    return vectors[:, :dims]
