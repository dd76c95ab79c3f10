"""The logarithm of symmetric matrices, with a derivative that stays finite where eigenvalues are equal.

The derivative of an eigenvector divides by differences of eigenvalues, and many are equal where a region has
few cells. That of the logarithm does not: it has the divided differences of Daleckii and Krein (Higham,
Functions of Matrices, 2008, theorem 3.11). So the eigenvectors are taken as constants, and the matrix in
their axes carries the derivative. It is right once: a second derivative is not.
"""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace, device

TINY = 1e-24  # squares of activations of 1e-12: the least that the largest eigenvalue counts as


def logarithm(matrices: Any, floor: float) -> Any:
    """(..., K, K), symmetric -> the same: eigenvalues are raised to `floor` times the largest, then logged.

    In float64 within: float32 solvers differ among libraries by more than 1e-5.
    """
    xp = array_namespace(matrices)
    wide = xp.astype(matrices, xp.float64)
    values, axes = xp.linalg.eigh(wide.detach() if hasattr(wide, "detach") else wide)
    top = xp.clip(values[..., -1:], min=TINY)
    raised = xp.maximum(values, floor * top)
    if getattr(wide, "requires_grad", False):
        turned = xp.matmul(axes, _inner(wide, values, axes, raised, top))
    else:
        turned = axes * xp.log(raised)[..., None, :]
    return xp.astype(xp.matmul(turned, xp.matrix_transpose(axes)), matrices.dtype)


def _inner(wide: Any, values: Any, axes: Any, raised: Any, top: Any) -> Any:
    """The logarithm in the axes of the eigenvectors: diagonal in value, and with the derivative in `wide`."""
    xp = array_namespace(wide)
    unit = xp.eye(values.shape[-1], dtype=values.dtype, device=device(values))
    moved = xp.matmul(xp.matrix_transpose(axes), xp.matmul(wide, axes)) - unit * values[..., None]
    # raised eigenvalues follow the largest, unless that is itself below what is kept
    follow = xp.astype((values < raised) & (values[..., -1:] >= top), values.dtype)
    logs = xp.log(raised) + follow * (moved[..., -1:, -1] / top)
    return _slopes(values, raised) * moved + unit * logs[..., None]


def _slopes(values: Any, raised: Any) -> Any:
    """(..., K) eigenvalues, and as raised -> (..., K, K): divided differences of `log(max(x, least))`."""
    xp = array_namespace(values)
    one, other = raised[..., :, None], raised[..., None, :]
    apart = (one - other) / (one + other)
    near = xp.abs(apart) < 0.1
    square = apart * apart
    series = 2 / (one + other) * (1 + square * (1 / 3 + square * (1 / 5 + square / 7)))
    slopes = xp.where(near, series, (xp.log(one) - xp.log(other)) / xp.where(near, one, one - other))
    # where one or both are raised, they are further apart than their raised values
    gaps = values[..., :, None] - values[..., None, :]
    same = gaps == 0
    kept = xp.astype((values >= raised)[..., :, None], values.dtype) + xp.zeros_like(gaps)
    return slopes * xp.where(same, kept, (one - other) / xp.where(same, one, gaps))
