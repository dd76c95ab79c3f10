"""VLAD on convolutional features. Ng, Yang and Davis, CVPRW 2015, section 3.3, eq. 1."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import NDArray

from resight.poolings._assignment import check, hard, residual_sums
from resight.poolings._kmeans import kmeans
from resight.poolings._unit_columns import cells, sampled_inside, unit


def vlad(features: Any, masks: Any, parameters: dict[str, Any], *, norm: str = "intra") -> Any:
    """(B, C, H, W), masks (R, H, W) -> (B, R, k * C) of unit length.

    Columns of unit length, what they differ from their nearest centre by summed for each centre; `norm`:
    each sum to unit length (`intra`), or the root of every number, keeping its sign (`signed-root`).
    A silent column, zero, is assigned as any other.
    """
    check(norm, "norm", ("intra", "signed-root"))
    xp = array_namespace(features)
    columns, flat = cells(features, masks)
    centres = xp.astype(parameters["centres"], columns.dtype, copy=False)
    sums = residual_sums(columns, hard(columns, centres), centres, flat)
    sums = unit(sums) if norm == "intra" else _signed_root(sums)
    return unit(xp.reshape(sums, (*sums.shape[:2], -1)))


def fit(
    samples: Iterable[tuple[NDArray[np.float32], NDArray[np.bool_]]], *, k: int = 100, seed: int = 0
) -> dict[str, Any]:
    """Photos' features (1, C, H, W) and masks -> centres (k, C), by k-means on 100,000 columns at most.

    `seed` begins it. Fewer distinct columns than k: the centres left over are spare, and their numbers in a
    vector are 0.
    """
    photos = (cells(features, masks) for features, masks in samples)
    return {"centres": kmeans(sampled_inside(photos, seed), k, seed)}


def _signed_root(values: Any) -> Any:
    """`sign(x) sqrt(|x|)`, with a slope of 0 at zero instead of none."""
    xp = array_namespace(values)
    some = values != 0
    roots = xp.sqrt(xp.where(some, xp.abs(values), xp.ones_like(values)))
    return xp.where(some, xp.sign(values) * roots, xp.zeros_like(values))
