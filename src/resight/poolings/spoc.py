"""Sum-pooled convolutional features. Babenko and Lempitsky, ICCV 2015, eq. 1, without the centre prior."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace


def spoc(features: Any) -> Any:
    """(B, C, H, W) -> (B, C)."""
    return array_namespace(features).sum(features, axis=(2, 3))
