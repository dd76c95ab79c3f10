"""PCA-whitening. Jegou and Chum, ECCV 2012, section 3; ridge on the eigenvalues for small samples."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import NDArray

from resight.errors import BadSetting
from resight.post._principal import check_settings, completed, fixed_signs, principal


def pca_whitening(vectors: Any, parameters: dict[str, Any]) -> Any:
    """(N, D) -> (N, dims): centred, turned to the principal axes, each divided by its deviation."""
    xp = array_namespace(vectors)
    return xp.matmul(vectors - parameters["mean"], parameters["projection"])


def fit(
    samples: Iterable[NDArray[np.float32]],
    *,
    dims: int,
    ridge: float = 0.0,
    exponent: float = 1.0,
    centre: bool = True,
    seed: int = 0,
) -> dict[str, Any]:
    """Arrays of (N, D) rows -> mean (D,), projection (D, dims), eigenvalues of the covariance, descending.

    Of `exponent` t, every axis is divided by its deviation to the power of t: 1 whitens, 0 only turns. With
    `centre` off nothing is subtracted, as in Jeong et al., 2017, eq. 6. `ridge` of the mean eigenvalue is
    added to every eigenvalue, so that directions which a small sample hardly shows are not blown up; the
    dimensions that the sample does not show at all are then random ones (`seed`) at right angles to the
    others, so that the width does not hang on the sample's size. Without it no more dimensions are given
    than the sample supports, and a warning says so.

    One pass. Up to 4096 dimensions it takes the memory of a few D x D matrices, and all D eigenvalues are
    given. Beyond, it takes twice the projection and some 500 MiB; the sample waits in a temporary file
    (StorageFailed, if there is no room) unless it is one array, and the kept eigenvalues are given.
    """
    _check(dims, ridge, exponent, seed)
    found = principal(samples, dims, centre, seed)
    axes, width, supported = found.axes, len(found.mean), found.axes.shape[1]
    kept = min(dims, width) if ridge > 0 else max(1, supported)
    if dims > kept:
        warnings.warn(
            f"PCA-whitening gives {kept} of the {dims} dimensions asked for: "
            f"it was fitted on {found.count} vectors of {width} dimensions.",
            stacklevel=2,
        )
    if kept > supported:
        axes = completed(axes, kept, seed)
    values = np.pad(found.values, (0, max(0, kept - len(found.values))))
    scales = values[:kept] + ridge * found.average
    scales = np.where(scales > 0, scales, 1)  # all samples alike: nothing to whiten
    return {
        "mean": found.mean.astype(np.float32),
        "projection": _scaled(axes, fixed_signs(axes) * scales ** (-exponent / 2)),
        "eigenvalues": values.astype(np.float32),
    }


def hides(settings: dict[str, Any]) -> bool:
    """Whether a fit on photos that are alike divides by what tells them apart: not if it only turns."""
    return float(settings["exponent"]) > 0


def _check(dims: int, ridge: float, exponent: float, seed: int) -> None:
    check_settings("pca-whitening", dims, ridge, exponent)
    if seed < 0:
        raise BadSetting(f"'pca-whitening' takes a 'seed' of 0 or more, not {seed}.")


def _scaled(axes: NDArray[Any], factors: NDArray[np.float64]) -> NDArray[np.float32]:
    projection = np.empty(axes.shape, np.float32)
    np.multiply(axes, factors, out=projection, casting="same_kind")
    return projection
