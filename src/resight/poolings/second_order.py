"""Second-order pooling: the logarithm of the mean outer product. Jeong et al., ICIP 2017, eqs. 3-5."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device

from resight.cells import columns, inside
from resight.errors import BadRecipe, BadSetting
from resight.poolings._logarithm import logarithm
from resight.saliency import channels, spatial

TINY = 1e-12  # lets the cells of a region without saliency weigh the same


def second_order(
    features: Any,
    masks: Any,
    parameters: dict[str, Any],
    *,
    floor: float = 1e-3,
    scale_off_diagonal: bool = False,
) -> Any:
    """(B, C, H, W), non-negative, masks (R, H, W) -> (B, R, K (K + 1) / 2), rows of an upper triangle.

    `log(sum alpha_p g_p g_p^T / sum alpha_p)` over each region (eq. 5), where g_p are the K projections of
    `beta * f_p` on parameters["basis"] (C, K) (eq. 4), alpha and beta those of the whole map. Eigenvalues
    below `floor` of the largest are raised to it, because a region has often fewer cells than K.
    `scale_off_diagonal` multiplies by the root of 2 off the diagonal: dot products are then those of the
    matrices. Unit length and whitening are steps of the recipe.
    """
    if not 0 < floor <= 1:
        raise BadSetting(f"'second-order' takes a share between 0 and 1 for 'floor', not {floor:g}.")
    xp = array_namespace(features)
    basis = channels(features)[:, :, None] * xp.astype(parameters["basis"], features.dtype)
    projected = xp.matmul(columns(features), basis)[:, None]
    alpha = spatial(features)
    weights = inside(masks, features) * (xp.reshape(alpha, (alpha.shape[0], 1, -1)) + TINY)
    weights = weights / xp.sum(weights, axis=2, keepdims=True)
    products = xp.matmul(xp.matrix_transpose(projected * weights[..., None]), projected)
    return _triangle(logarithm(products, floor), 2**0.5 if scale_off_diagonal else 1.0)


def _triangle(matrices: Any, off_diagonal: float) -> Any:
    """(B, R, K, K) -> (B, R, K (K + 1) / 2): the upper triangle, row by row."""
    xp, size = array_namespace(matrices), matrices.shape[-1]
    rows, places = np.triu_indices(size)
    picked = xp.asarray(rows * size + places, device=device(matrices))
    upper = xp.take(xp.reshape(matrices, (*matrices.shape[:-2], -1)), picked, axis=-1)
    scales = np.where(rows == places, 1.0, off_diagonal)
    return upper * xp.asarray(scales, dtype=matrices.dtype, device=device(matrices))


def fit(samples: Iterable[tuple[Any, Any]], *, dims: int = 128) -> dict[str, Any]:
    """Pairs of features (1, C, H, W) and masks -> basis (C, min(dims, C)), of orthonormal columns.

    The principal axes of `l2(beta * sum_{p in R} f_p)` (eq. 3), one for each region of each photo. They are
    those of the covariance, mean removed, which the paper does not say; eq. 4 projects without a mean. Where
    the sample spans fewer dimensions the basis is completed, so that the width depends on the settings alone.
    One pass; the memory is that of two C x C matrices in float64.
    """
    if dims < 1:
        raise BadSetting(f"'second-order' takes at least 1 for 'dims', not {dims}.")
    count, total, products = 0, np.zeros(1), np.zeros((1, 1))
    for features, masks in samples:
        sums = np.matmul(inside(masks, features), columns(features)) * channels(features)[:, None]
        rows = np.reshape(sums, (-1, features.shape[1])).astype(np.float64)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        rows = rows / np.where(lengths > 0, lengths, 1)
        count, total, products = count + len(rows), total + rows.sum(axis=0), products + rows.T @ rows
    if not count:
        raise BadRecipe("'second-order' needs at least one photo to be fitted on.")
    mean = total / count
    axes = np.linalg.eigh(products / count - np.outer(mean, mean))[1][:, ::-1]
    # the sign of an eigenvector is the solver's whim: fixed, so that fits on equal samples agree
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    return {"basis": np.ascontiguousarray((axes * signs)[:, :dims], dtype=np.float32)}
