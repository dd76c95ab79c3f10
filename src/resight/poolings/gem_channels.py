"""Generalized-mean pooling, an exponent a channel. Radenovic, Tolias and Chum, TPAMI 2019, eq. 2 with p_k."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from resight.errors import BadRecipe
from resight.poolings._generalized_mean import above_zero, generalized_mean

POWER_OF_MEAN = "p"  # the setting, or the parameter, that says it
AT_LEAST = {"p": 0.1}  # of parameters that are learnt


def gem_channels(features: Any, masks: Any, parameters: dict[str, Any], *, eps: float = 1e-6) -> Any:
    """(B, C, H, W), raised to `eps` where lower, masks (R, H, W) -> (B, R, C), non-negative.

    Parameters: p (C,), the exponents. They are learnable and stored plainly: a trainer keeps them above zero.
    """
    above_zero("gem-channels", eps=eps)
    exponents = array_namespace(features).astype(parameters["p"], features.dtype)
    return generalized_mean(features, masks, exponents, eps)


def fit(samples: Iterable[tuple[Any, Any]], *, p: float = 3.0) -> dict[str, Any]:
    """Pairs of features (1, C, H, W) and masks -> p (C,), the same in each channel: where training starts."""
    above_zero("gem-channels", p=p)
    for features, _ in samples:
        return {"p": np.full(features.shape[1], p, dtype=np.float32)}
    raise BadRecipe("'gem-channels' needs at least one photo to be fitted on.")
