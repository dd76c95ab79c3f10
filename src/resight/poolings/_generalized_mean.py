"""The generalized mean over regions, for one exponent or one a channel."""

from __future__ import annotations

import math
from typing import Any

from array_api_compat import array_namespace

from resight.cells import columns, shares
from resight.errors import BadSetting


def generalized_mean(features: Any, masks: Any, p: Any, eps: float) -> Any:
    """(B, C, H, W), raised to `eps` where lower, masks (R, H, W), p a number or (C,) -> (B, R, C)."""
    xp = array_namespace(features)
    cells = xp.clip(columns(features), min=eps)
    # shares of the maximum: a large p then neither overflows nor loses all of a weak channel
    top = xp.max(cells, axis=1, keepdims=True)
    # powers by exp and log: several times faster than ** for a float exponent, equal to float32 rounding
    powers = xp.exp(p * xp.log(cells / top))
    means = xp.matmul(shares(masks, features), powers)
    # a region far weaker than the rest of the map: its share of the maximum may be below the smallest float
    means = xp.clip(means, min=float(xp.finfo(means.dtype).smallest_normal))
    return top * xp.exp(xp.log(means) / p)


def above_zero(method: str, **settings: float) -> None:
    """Refuse a setting that is not a finite number above zero."""
    for name, value in settings.items():
        if not (math.isfinite(value) and value > 0):
            raise BadSetting(f"'{method}' takes a number above zero for '{name}', not {value:g}.")
