"""Principal axes of a sample of any size: which form finds them, the plain form, and what all forms share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight.errors import BadRecipe, BadSetting
from resight.post import _blocks, _wide
from resight.post._spool import readable_again

SQUARE = 4096  # dimensions up to which a D x D matrix is made
GRAM = 4096  # rows up to which, beyond that, an N x N matrix is made

Double = NDArray[np.float64]


@dataclass(frozen=True)
class Principal:
    """Axes (D, K), orthonormal, K at most what was asked for and what the sample supports.

    `values` are the variances along them, descending (all D of them in the covariance form), `average` is
    the mean of all D, and `mean` (D,) is what is subtracted.
    """

    count: int
    mean: Double
    axes: NDArray[Any]
    values: Double
    average: float


def principal(samples: Iterable[NDArray[Any]], dims: int, centre: bool, seed: int) -> Principal:
    """Arrays of (N_i, D) rows, read once -> their `dims` first principal axes."""
    arrays = _checked([samples] if isinstance(samples, np.ndarray) else samples)
    first = next(arrays)
    width, arrays = first.shape[1], chain([first], arrays)
    del first  # whoever gives large arrays has them freed as soon as they are used
    if width <= SQUARE:
        return _by_covariance(arrays, dims, centre)
    with readable_again(arrays) as sample:
        mean, average = _wide.mean_and_average(sample, centre)
        _check_finite(average)
        if len(sample) <= GRAM:
            axes, values = _wide.by_gram(sample, mean, dims)
        else:
            axes, values = _wide.at_random(sample, mean, dims, seed)
        return Principal(len(sample), mean, axes, values, average)


def completed(axes: NDArray[Any], width: int, seed: int) -> NDArray[Any]:
    """(D, K) orthonormal columns -> (D, width): the rest drawn at random, orthonormal to all others."""
    shape = (axes.shape[0], width - axes.shape[1])
    drawn = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32).astype(axes.dtype)
    for _ in range(2):  # the second time removes what rounding left at the first
        inside = _blocks.dot_products(axes, drawn)
        for part in _blocks.parts(drawn):
            drawn[part] -= axes[part] @ inside
        turn = np.linalg.inv(np.linalg.cholesky(_blocks.dot_products(drawn, drawn))).T
        for part in _blocks.parts(drawn):
            drawn[part] = drawn[part] @ turn
    return np.concatenate([axes, drawn], axis=1)


def fixed_signs(axes: NDArray[Any]) -> NDArray[Any]:
    """(D, K) -> (K,): the sign of an eigenvector is the solver's whim; fixed, fits on equal samples agree."""
    signs = np.empty(axes.shape[1])
    for column, axis in enumerate(axes.T):  # one at a time: the projection may fill most of the memory
        signs[column] = np.sign(axis[np.abs(axis).argmax()])
    return signs


def check_settings(method: str, dims: int, ridge: float, exponent: float) -> None:
    """Refuse what no whitening takes."""
    if dims < 1:
        raise BadSetting(f"'{method}' gives at least 1 dimension: 'dims' cannot be {dims}.")
    if not 0 <= ridge < np.inf:
        raise BadSetting(f"'{method}' takes a 'ridge' of 0 or more, not {ridge}.")
    if not 0 <= exponent <= 1:
        raise BadSetting(f"'{method}' takes an 'exponent' from 0 to 1, not {exponent}.")


def _checked(arrays: Iterable[NDArray[Any]]) -> Iterator[NDArray[Any]]:
    """The arrays that have rows, at least one, all of one width."""
    width, empty = None, True
    for rows in arrays:
        if rows.ndim != 2 or rows.shape[1] != (width or rows.shape[1]):
            raise ValueError(f"Rows of {width or 'any'} dimensions are wanted, not the shape {rows.shape}.")
        width = rows.shape[1]
        if len(rows):
            empty = False
            yield rows
    if empty:
        raise BadRecipe("PCA-whitening needs at least one vector to be fitted on.")


def _by_covariance(arrays: Iterable[NDArray[Any]], dims: int, centre: bool) -> Principal:
    count, mean, covariance = _moments(arrays, centre)
    _check_finite(covariance)
    values, axes = np.linalg.eigh(covariance)
    values, axes = np.maximum(values[::-1], 0), axes[:, ::-1]
    kept = _wide.supported(values, dims)
    return Principal(count, mean, axes[:, :kept], values, float(values.mean()))


def _moments(arrays: Iterable[NDArray[Any]], centre: bool) -> tuple[int, Double, Double]:
    """Number of rows, what is subtracted, and the covariance about it, in one pass."""
    count, shift = 0, None
    for rows in _blocks.buffered(arrays):
        if shift is None:  # near the mean, so that subtracting it at the end costs no digits
            shift = rows[0].astype(np.float64) if centre else np.zeros(rows.shape[1])
            total, products = np.zeros_like(shift), np.zeros((len(shift), len(shift)))
        away = rows - shift
        total += away.sum(axis=0)
        products += away.T @ away
        count += len(rows)
    assert shift is not None
    mean = total / count if centre else shift
    return count, mean + shift, products / count - np.outer(mean, mean)


def _check_finite(numbers: Any) -> None:
    if not np.isfinite(numbers).all():
        raise BadRecipe("PCA-whitening cannot be fitted on vectors that are not finite.")
