"""Mean of activations through a modified Weibull curve. Husain, Ong and Bober, 2019 (ACTNET), section 3.1."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from resight.poolings._activations import LIMIT, balance, cells, region_means, sample, scalars, strong

ACTIVATION = True  # a function of each value by itself, before the mean
POWER_OF_MEAN = 1  # a channel adds up what its places give
AT_LEAST = {"a": 1e-6, "g": 1e-6, "d": 1e-3, "h": 1.001}  # of parameters that are learnt

TINY = 1e-30  # keeps the gradient of a logarithm finite
LEAST = 1e-6  # of x / g, for the logarithm of an activation of zero
MOST = 20.0  # of d log(x / g): the response is zero long before


def weibull(features: Any, masks: Any, parameters: dict[str, Any]) -> Any:
    """(B, C, H, W), negative values as 0, masks (R, H, W) -> (B, R, C).

    Means of `a t^(h-1) exp(-t^d)`, t = x / g, whose peak is at `x = g ((h - 1) / d)^(1 / d)`. Parameters
    a, g, h, d, each (1,), are learnable and stored plainly: a trainer keeps a, g, d above zero, h above one.
    Below a millionth of g an activation counts as that, and exponents are cut, that of e at 40: values and
    gradients stay finite at zero and far beyond the peak.
    """
    values, a, g, h, d = cells(features, parameters, "aghd")
    return region_means(_curve(values, a, g, h, d), masks)


def fit(samples: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
    """Pairs of features and masks -> where training starts: the peak is the 99.9 % quantile of activations.

    h = 3, d = 1, and a keeps the mean of the activations. All are a choice, made from the data.
    """
    values = sample(samples)
    g, one = np.full(1, strong(values) / 2), np.ones(1)
    return scalars(a=balance(values, _curve(values, one, g, 3.0, 1.0)), g=g[0], h=3.0, d=1.0)


def _curve(values: Any, a: Any, g: Any, h: Any, d: Any) -> Any:
    xp = array_namespace(values)
    logs = xp.clip(xp.log(xp.clip(values, min=TINY)) - xp.log(g), min=math.log(LEAST))
    falling = xp.exp(xp.clip(d * logs, max=MOST))
    return xp.exp(xp.clip(xp.log(a) + (h - 1) * logs - falling, max=LIMIT))
