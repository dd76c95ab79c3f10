"""Generalized-mean pooling. Radenovic, Tolias and Chum, TPAMI 2019, eq. 2."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace


def gem(features: Any, *, p: float = 3.0, eps: float = 1e-6) -> Any:
    """(B, C, H, W), raised to `eps` where lower -> (B, C), non-negative."""
    xp = array_namespace(features)
    features = xp.clip(features, min=eps)
    # shares of the maximum: a large p then neither overflows nor loses all of a weak channel
    top = xp.max(features, axis=(2, 3), keepdims=True)
    # powers by exp and log: several times faster than ** for a float exponent, equal to float32 rounding
    powers = xp.exp(p * xp.log(features / top))
    return top[:, :, 0, 0] * xp.exp(xp.log(xp.mean(powers, axis=(2, 3))) / p)
