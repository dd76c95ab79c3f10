"""Which places and which channels of a feature map matter. Kalantidis, Mellina and Osindero, ECCVW 2016."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace

from resight.errors import BadRecipe

TINY = 1e-18


def spatial(features: Any) -> Any:
    """(B, C, H, W), non-negative -> (B, H, W): the sum over channels, of unit l2 norm over the places.

    Their eq. 2 before its root (a = 2), and eq. 1 of Jeong et al. 2017; a map without activation gives zeros.
    """
    xp = array_namespace(features)
    _refuse_negative(features)
    total = xp.sum(features, axis=1)
    # shares of the largest: squares of tiny or huge activations neither vanish nor overflow
    top = xp.max(xp.max(total, axis=2, keepdims=True), axis=1, keepdims=True)
    alive = top > TINY
    total = total / xp.where(alive, top, xp.ones_like(top))
    squares = xp.sum(xp.sum(total * total, axis=2, keepdims=True), axis=1, keepdims=True)
    # the root has no slope at zero, and a silent map is not blown up: its gradient is that of the plain sum
    return total / xp.sqrt(xp.where(alive, squares, xp.ones_like(squares)))


def channels(features: Any, eps: float = 1e-6) -> Any:
    """(B, C, H, W), non-negative -> (B, C): `log((C eps + sum Q) / (eps + Q))`, Q the share of active places.

    Their eqs. 4 and 5: channels that are seldom active weigh more. All of them silent: weights `log(C)`.
    Steps only, so no gradient flows through them.
    """
    xp = array_namespace(features)
    _refuse_negative(features)
    shares = xp.mean(xp.astype(features > 0, features.dtype), axis=(2, 3))
    others = (shares.shape[1] - 1) * eps + xp.sum(shares, axis=1, keepdims=True) - shares
    return xp.log1p(others / (eps + shares))  # where one channel alone is active, the ratio is close to 1


def _refuse_negative(features: Any) -> None:
    if array_namespace(features).any(features < 0):
        raise BadRecipe("Activations are never negative, and this map has some that are: say relu = true.")
