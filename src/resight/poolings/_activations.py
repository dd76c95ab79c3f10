"""What activation functions share: the sample that they start from, and the mean over regions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import NDArray

from resight.cells import columns, shares
from resight.errors import BadRecipe

LIMIT = 40.0  # of an exponent: e^40 is 2e17, whose square is still a float32
MOST = 1_000_000  # values of a sample
TINY = 1e-12


def cells(features: Any, parameters: dict[str, Any], names: str) -> tuple[Any, ...]:
    """The columns (B, H W, C), negative ones as 0, and the named parameters (1,) in the same type."""
    xp = array_namespace(features)
    chosen = (xp.astype(parameters[name], features.dtype) for name in names)
    return xp.clip(columns(features), min=0), *chosen


def region_means(activated: Any, masks: Any) -> Any:
    """(B, H W, C), masks (R, H, W) -> (B, R, C)."""
    return array_namespace(activated).matmul(shares(masks, activated), activated)


def sample(samples: Iterable[tuple[Any, Any]]) -> NDArray[np.float64]:
    """At most a million of all activations, negative ones as 0, each as likely; the same in every run.

    One pass: every value draws a number, and those with the smallest stay.
    """
    chance, bound = np.random.default_rng(0), np.inf
    values, draws = np.empty(0, np.float32), np.empty(0)
    for features, _ in samples:
        drawn = chance.random(features.size)
        low = drawn < bound
        values = np.concatenate([values, features.ravel()[low]])
        draws = np.concatenate([draws, drawn[low]])
        if len(values) > MOST:
            stay = np.argpartition(draws, MOST)[:MOST]
            values, draws = values[stay], draws[stay]
            bound = draws.max()
    if not len(values):
        raise BadRecipe("An activation function needs at least one photo to be fitted on.")
    return np.maximum(values.astype(np.float64), 0)


def strong(values: NDArray[np.float64]) -> float:
    """The 99.9 % quantile of the activations; the largest where that is zero; 1 where all are."""
    return next((float(q) for q in (np.quantile(values, 0.999), values.max()) if q > TINY), 1.0)


def balance(values: NDArray[np.float64], activated: NDArray[np.float64]) -> float:
    """The factor that gives the activated values the mean of the values; 1 where all are zero."""
    factor = float(values.mean() / max(activated.mean(), TINY))
    return factor if factor > TINY else 1.0


def rising(samples: Iterable[tuple[Any, Any]], curve: Callable[[Any, Any], Any]) -> dict[str, Any]:
    """Where a curve `a f(b x)` starts: b is 3 over the strong activations, a keeps their mean."""
    values = sample(samples)
    b = 3 / strong(values)
    return scalars(a=balance(values, curve(values, b)), b=b)


def scalars(**values: float) -> dict[str, Any]:
    """Each as a parameter (1,)."""
    return {name: np.full(1, value, dtype=np.float32) for name, value in values.items()}
