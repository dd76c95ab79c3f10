"""Power normalisation with learnable scales. Husain, Ong and Bober, 2019 (ACTNET), eq. 20."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import NDArray

from resight.errors import BadRecipe, BadSetting

AT_LEAST = {"scale": 1e-3}  # of parameters that are learnt
TINY = 1e-12


def power(vectors: Any, parameters: dict[str, Any], *, exponent: float = 0.5) -> Any:
    """(N, D) -> (N, D): `sign(v) |v / s|^exponent`; below 1e-12 a straight line: the gradient stays finite.

    Parameters: scale, (D,) or (1,), learnable and stored plainly: a trainer keeps it above zero.
    """
    if not (math.isfinite(exponent) and exponent > 0):
        raise BadSetting(f"'power' takes a number above zero for 'exponent', not {exponent:g}.")
    xp = array_namespace(vectors)
    scaled = vectors / xp.astype(parameters["scale"], vectors.dtype)
    return scaled * xp.exp((exponent - 1) * xp.log(xp.clip(xp.abs(scaled), min=TINY)))


def fit(samples: Iterable[NDArray[np.float32]], *, scales: str = "channel") -> dict[str, Any]:
    """Arrays of (N, D) rows -> scale, ones, where training starts: (D,), or (1,) with `scales` "stream"."""
    if scales not in ("channel", "stream"):
        raise BadSetting(f"'power' takes channel or stream for 'scales', not '{scales}'.")
    for rows in samples:
        return {"scale": np.ones(rows.shape[1] if scales == "channel" else 1, dtype=np.float32)}
    raise BadRecipe("'power' needs at least one vector to be fitted on.")
