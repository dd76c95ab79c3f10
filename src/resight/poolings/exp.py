"""Mean of activations through `a (exp(b x) - 1)`. Husain, Ong and Bober, 2019 (ACTNET), section 3.1."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from array_api_compat import array_namespace

from resight.poolings._activations import LIMIT, cells, region_means, rising

ACTIVATION = True  # a function of each value by itself, before the mean
POWER_OF_MEAN = 1  # a channel adds up what its places give
AT_LEAST = {"a": 1e-6, "b": 1e-6}  # of parameters that are learnt


def exp(features: Any, masks: Any, parameters: dict[str, Any]) -> Any:
    """(B, C, H, W), negative values as 0, masks (R, H, W) -> (B, R, C).

    Parameters a, b, each (1,), are learnable and stored plainly: a trainer keeps both above zero. `b x` is
    cut at 40, where the fit puts 13 times the strong activations, and has no gradient beyond.
    """
    values, a, b = cells(features, parameters, "ab")
    return region_means(a * _curve(values, b), masks)


def fit(samples: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
    """Pairs of features and masks -> where training starts: b is 3 over the 99.9 % quantile of activations.

    a keeps the mean of the activations. Both are a choice, made from the data.
    """
    return rising(samples, _curve)


def _curve(values: Any, b: Any) -> Any:
    xp = array_namespace(values)
    return xp.expm1(xp.clip(b * values, max=LIMIT))
