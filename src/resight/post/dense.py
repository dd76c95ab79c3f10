"""A linear layer with a bias, begun as PCA-whitening, then learnt. Husain et al. 2019, section III-C."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import NDArray

from resight.post._principal import check_settings, principal


def dense(vectors: Any, parameters: dict[str, Any]) -> Any:
    """(N, D) -> (N, dims): times the weight (D, dims), plus the bias (dims,); both are learnable."""
    xp = array_namespace(vectors)
    return xp.matmul(vectors, parameters["weight"]) + parameters["bias"]


def fit(samples: Iterable[NDArray[np.float32]], *, dims: int, ridge: float = 0.1) -> dict[str, Any]:
    """Arrays of (N, D) rows -> weight (D, dims) and bias (dims,), which centre, turn to the principal axes,
    and divide each by its deviation, with `ridge` of the mean eigenvalue added to every eigenvalue.

    No more dimensions are given than the sample supports. Memory as of PCA-whitening.
    """
    check_settings("dense", dims, ridge, 1.0)
    found = principal(samples, dims, True, 0)
    kept = max(1, min(dims, found.axes.shape[1]))
    scales = found.values[:kept] + ridge * found.average
    weight = found.axes[:, :kept] / np.sqrt(np.where(scales > 0, scales, 1))
    return {
        "weight": np.ascontiguousarray(weight, np.float32),
        "bias": np.asarray(-found.mean @ weight, np.float32),
    }
