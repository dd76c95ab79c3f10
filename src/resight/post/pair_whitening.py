"""Whitening by how one thing varies. Mikolajczyk and Matas, ICCV 2007; Radenovic et al., TPAMI 2019, 3.4.

The pairs that such a whitening is learnt from come without labels: a photo, and synthetic views of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import NDArray

from resight.errors import BadRecipe
from resight.post._principal import check_settings, fixed_signs
from resight.types import Varied

FIT_ON = "views"
WIDEST = 4096  # dimensions, since D x D matrices are made
TINY = 1e-12

Double = NDArray[np.float64]


def pair_whitening(vectors: Any, parameters: dict[str, Any]) -> Any:
    """(N, D) -> (N, dims): centred, divided by how one thing varies, turned to the axes of what is left."""
    xp = array_namespace(vectors)
    return xp.matmul(vectors - parameters["mean"], parameters["projection"])


def fit(
    samples: Iterable[Varied], *, dims: int, ridge: float = 0.3, exponent: float = 0.25
) -> dict[str, Any]:
    """Photos' rows and those of their views -> mean (D,), projection (D, dims), eigenvalues, descending.

    What a photo is described by before whitening is the sum g of its rows, to unit length. `within` is the
    covariance of the g of one photo and its views, about their mean, over all photos. P is the inverse root
    of `within` plus `ridge` of its mean eigenvalue: directions in which the same thing varies count less.
    The rows of the photos themselves, turned by P, have principal axes; each is divided by its deviation to
    the power of `exponent` (1 whitens what tells things apart, 0 only turns), `ridge` of the mean eigenvalue
    added. Fewer views than dimensions show `within` poorly: the ridge is then larger, times dimensions by
    views. No more dimensions are given than the rows have.

    One pass, in the memory of a few D x D matrices in float64, so D is 4096 at most.
    """
    check_settings("pair-whitening", dims, ridge, exponent)
    found = _Moments()
    for sample in samples:
        found.add(sample)
    mean, spread, within = found.finish()
    width = len(mean)
    ridge *= max(1.0, width / found.freedom)
    values, axes = np.linalg.eigh(within + (ridge * np.trace(within) / width + TINY) * np.eye(width))
    turn = (axes * np.maximum(values, TINY) ** -0.5) @ axes.T
    values, axes = np.linalg.eigh(turn @ spread @ turn)
    values, axes = np.maximum(values[::-1], 0), axes[:, ::-1]
    kept = min(dims, width)
    scales = values[:kept] + ridge * values.mean()
    scales = np.where(scales > 0, scales, 1)  # all photos alike: nothing to tell apart
    axes = axes[:, :kept]
    projection = turn @ (axes * fixed_signs(axes) * scales ** (-exponent / 2))
    return {
        "mean": mean.astype(np.float32),
        "projection": projection.astype(np.float32),
        "eigenvalues": values[:kept].astype(np.float32),
    }


class _Moments:
    """Sums over photos: of their rows, and of what the views of one photo differ by."""

    def __init__(self) -> None:
        self._rows, self.freedom = 0, 0  # rows, and views beside the one that a mean takes
        self._shift: Double | None = None

    def add(self, sample: Varied) -> None:
        """Take in one photo."""
        rows = np.asarray(sample.rows, np.float64)
        if self._shift is None:  # near the mean, so that subtracting it at the end costs no digits
            width = rows.shape[1]
            if width > WIDEST:
                raise BadRecipe(f"'pair-whitening' takes {WIDEST} dimensions at most, not {width}.")
            self._shift, self._total = rows[0], np.zeros(width)
            self._products, self._within = np.zeros((width, width)), np.zeros((width, width))
        away = rows - self._shift
        self._total += away.sum(axis=0)
        self._products += away.T @ away
        self._rows += len(rows)
        described = np.stack([_described(each) for each in (sample.rows, *sample.variants)])
        differing = described - described.mean(axis=0)
        self._within += differing.T @ differing
        self.freedom += len(differing) - 1

    def finish(self) -> tuple[Double, Double, Double]:
        """Mean (D,) of the rows, their covariance (D, D), and that of one photo's views (D, D)."""
        if self._shift is None or not self.freedom:
            raise BadRecipe("'pair-whitening' needs at least one photo and a synthetic view of it.")
        mean = self._total / self._rows
        spread = self._products / self._rows - np.outer(mean, mean)
        if not (np.isfinite(spread).all() and np.isfinite(self._within).all()):
            raise BadRecipe("'pair-whitening' cannot be fitted on vectors that are not finite.")
        return mean + self._shift, spread, self._within / self.freedom


def _described(rows: Any) -> Double:
    """(R, D) -> (D,): their sum, to unit length."""
    total: Double = np.asarray(rows, np.float64).sum(axis=0)
    return total / max(float(np.linalg.norm(total)), TINY)
