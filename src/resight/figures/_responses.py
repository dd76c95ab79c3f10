"""How much each place of a feature map gives to what is pooled from it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight import methods
from resight.areas import Masks
from resight.describing.steps import Step
from resight.errors import BadQuery
from resight.types import Vectors

POWER = "POWER_OF_MEAN"
TINY = 1e-30


def shares(step: Step, parameters: Any, features: Vectors, masks: Masks) -> NDArray[np.float64]:
    """(1, C, H, W), masks (R, H, W) -> (H, W): shares of the squared length of the pooled vectors, sum 1.

    A channel's square is shared among the places of a region as they build it: by their values for a sum or
    mean, by their powers for a generalized mean, the largest takes all for a maximum (equals share). Every
    region counts the same, and negative responses as 0. All zero where nothing is active. Raises BadQuery for
    another kind of pooling.
    """
    power = _power(step, parameters)
    height, width = features.shape[2:]
    active = np.maximum(features, 0)
    alone = np.eye(height * width, dtype=np.bool_).reshape(-1, height, width)
    values = np.asarray(step.method(active, alone, parameters=parameters)[0], np.float64)  # (H W, C)
    pooled = np.asarray(step.method(active, masks, parameters=parameters)[0], np.float64)  # (R, C)
    total = np.zeros(height * width)
    for mask, vector in zip(masks.reshape(len(masks), -1), pooled, strict=True):
        total[mask] += _shared(values[mask], power) @ (vector**2 / max((vector**2).sum(), TINY))
    found: NDArray[np.float64] = total.reshape(height, width) / max(total.sum(), TINY)
    return found


def strongest(found: NDArray[np.float64], count: int) -> list[tuple[int, int]]:
    """(H, W) -> row and column of the largest places above zero, the largest first; equals row by row."""
    order = np.argsort(-found, axis=None, kind="stable")[:count]
    places = [divmod(int(place), found.shape[1]) for place in order]
    return [place for place in places if found[place] > 0]


def _shared(values: NDArray[np.float64], power: Any) -> NDArray[np.float64]:
    """(P, C), non-negative -> (P, C): each channel's shares of the places, of sum 1; 0 for a silent one."""
    top = values.max(axis=0, keepdims=True)
    relative = values / np.maximum(top, TINY)
    weights = np.where(np.isinf(power), relative == 1, relative ** np.where(np.isinf(power), 1, power))
    weights = np.where(top > 0, weights, 0.0)
    found: NDArray[np.float64] = weights / np.maximum(weights.sum(axis=0, keepdims=True), TINY)
    return found


def _power(step: Step, parameters: Any) -> Any:
    """Of the generalized mean that a pooling is, as its file says: a number, or one of each channel."""
    power = step.method.says.get(POWER)
    if power is None:
        kind = step.method.kind
        means = [name for name in methods.names(kind) if hasattr(methods.module(kind, name), POWER)]
        raise BadQuery(
            f"This figure needs a pooling that adds up places ({', '.join(means)}), which {step.method.name} "
            "does not."
        )
    if isinstance(power, str):
        fitted = parameters or {}
        power = fitted[power] if power in fitted else step.method.settings[power]
    return np.asarray(power, np.float64)
