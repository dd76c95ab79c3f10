"""PCA-whitening. Jegou and Chum, ECCV 2012, section 3; ridge on the eigenvalues for small samples."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import NDArray

from resight.errors import BadRecipe


def pca_whitening(vectors: Any, parameters: dict[str, Any]) -> Any:
    """(N, D) -> (N, dims): centred, turned to the principal axes, each divided by its deviation."""
    xp = array_namespace(vectors)
    return xp.matmul(vectors - parameters["mean"], parameters["projection"])


def fit(samples: Iterable[NDArray[np.float32]], *, dims: int, ridge: float = 0.0) -> dict[str, Any]:
    """Arrays of (N, D) rows -> mean (D,), projection (D, dims), eigenvalues (D,) of the covariance.

    `ridge` of the mean eigenvalue is added to every eigenvalue, so that directions which a small sample
    hardly shows are not blown up. Without it no more dimensions are given than the sample supports.
    One pass in float64; the memory is that of two D x D matrices.
    """
    count, mean, covariance = _moments(samples)
    values, axes = np.linalg.eigh(covariance)
    values, axes = np.maximum(values[::-1], 0), axes[:, ::-1]
    supported = len(values) if ridge > 0 else int((values > values[0] * 1e-9).sum())
    kept = max(1, min(dims, supported))
    if dims > kept:
        warnings.warn(
            f"PCA-whitening gives {kept} of the {dims} dimensions asked for: "
            f"it was fitted on {count} vectors of {len(values)} dimensions.",
            stacklevel=2,
        )
    scales = values + ridge * values.mean()
    scales = np.where(scales > 0, scales, 1)  # all samples alike: nothing to whiten
    # the sign of an eigenvector is the solver's whim: fixed, so that fits on equal samples agree
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    projection = (axes * signs / np.sqrt(scales))[:, :kept]
    return {
        "mean": mean.astype(np.float32),
        "projection": np.ascontiguousarray(projection, dtype=np.float32),
        "eigenvalues": values.astype(np.float32),
    }


def _moments(samples: Iterable[NDArray[np.float32]]) -> tuple[int, NDArray[np.float64], NDArray[np.float64]]:
    """Number of rows, mean and covariance, in float64."""
    count, shift = 0, None
    for rows in samples:
        if shift is None:  # near the mean, so that subtracting it at the end costs no digits
            shift = rows[0].astype(np.float64)
            total, products = np.zeros_like(shift), np.zeros((len(shift), len(shift)))
        away = rows - shift
        count, total, products = count + len(rows), total + away.sum(axis=0), products + away.T @ away
    if shift is None:
        raise BadRecipe("PCA-whitening needs at least one vector to be fitted on.")
    mean = total / count
    return count, mean + shift, products / count - np.outer(mean, mean)
