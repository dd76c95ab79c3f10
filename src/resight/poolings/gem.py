"""Generalized-mean pooling. Radenovic, Tolias and Chum, TPAMI 2019, eq. 2."""

from __future__ import annotations

from typing import Any

from resight.poolings._generalized_mean import above_zero, generalized_mean

POWER_OF_MEAN = "p"  # the setting, or the parameter, that says it


def gem(features: Any, masks: Any, *, p: float = 3.0, eps: float = 1e-6) -> Any:
    """(B, C, H, W), raised to `eps` where lower, masks (R, H, W) -> (B, R, C), non-negative.

    `p` 1 is the mean; the larger it is, the nearer to the maximum.
    """
    above_zero("gem", p=p, eps=eps)
    return generalized_mean(features, masks, p, eps)
