"""Columns assigned to visual words, and what they differ from them by. Jegou et al., CVPR 2010, eq. 1."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device
from numpy.typing import NDArray

from resight.cells import as_numpy, places
from resight.errors import BadSetting
from resight.poolings._kmeans import SPARE, blocks, kmeans
from resight.poolings._unit_columns import unit

ROUNDING = 1e-5
RATIO = 100.0  # of the two largest assignments
NARROWEST = 1e-3  # mean gap between squared distances: a sharper softmax would be float32 rounding


def hard(columns: Any, centres: Any) -> Any:
    """(B, N, C), centres (k, C) -> (B, N, k): 1 at the nearest centre, else 0; the first of equals."""
    xp = array_namespace(columns)
    scores = xp.matmul(columns, xp.matrix_transpose(centres)) - xp.sum(centres * centres, axis=1) / 2
    words = xp.eye(centres.shape[0], dtype=columns.dtype, device=device(columns))
    return words[xp.argmax(scores, axis=2)]


def soft(columns: Any, weights: Any, biases: Any) -> Any:
    """(B, N, C), weights (k, C), biases (k,) -> (B, N, k): `softmax_k(w_k . f + b_k)`."""
    xp = array_namespace(columns)
    scores = xp.matmul(columns, xp.matrix_transpose(weights)) + biases
    powers = xp.exp(scores - xp.max(scores, axis=2, keepdims=True))
    return powers / xp.sum(powers, axis=2, keepdims=True)


def residual_sums(columns: Any, assignments: Any, centres: Any, masks: Any) -> Any:
    """(B, N, C), (B, N, k), (k, C), masks (R, N) -> (B, R, k, C): `sum_p a_pk (f_p - c_k)` over each region.

    Where columns and centre are the same but for rounding (flat backgrounds), the sum is 0: normalisation
    would blow the rounding up to a word of its own.
    """
    xp = array_namespace(columns)
    found = []
    for mask in as_numpy(masks):
        inside, shares = columns, assignments
        if not mask.all():
            chosen = places(mask, columns)
            inside, shares = (xp.take(each, chosen, axis=1) for each in (columns, assignments))
        mass = xp.sum(shares, axis=1)[..., None]  # (B, k, 1)
        sums = xp.matmul(xp.matrix_transpose(shares), inside) - mass * centres
        real = xp.vecdot(sums, sums)[..., None] > (ROUNDING * mass) ** 2
        found.append(sums * xp.astype(real, sums.dtype))
    return xp.stack(found, axis=1)


def netvlad(columns: Any, masks: Any, parameters: dict[str, Any], intra_norm: str) -> Any:
    """(B, N, C) of unit length, masks (R, N) -> (B, R, k * C) of unit length."""
    check(intra_norm, "intra_norm", ("cluster", "channel"))
    xp = array_namespace(columns)
    names = ("centres", "weights", "biases")
    centres, weights, biases = (xp.astype(parameters[name], columns.dtype, copy=False) for name in names)
    sums = residual_sums(columns, soft(columns, weights, biases), centres, masks)
    sums = unit(sums, axis=-1 if intra_norm == "cluster" else -2)
    return unit(xp.reshape(sums, (*sums.shape[:2], -1)))


def fitted(columns: NDArray[np.float32], k: int, seed: int) -> dict[str, Any]:
    """A sample (N, C) -> centres (k, C), weights `2 a c` (k, C), biases `-a ||c||^2` (k,), float32.

    `a = ln(100) / mean(d2 - d1)`, d1 and d2 the squared distances of a column to its nearest and its second
    centre: the (geometric) mean ratio of the two largest assignments is then 100 on the sample.
    """
    centres = kmeans(columns, k, seed)
    sharpness = math.log(RATIO) / max(_gap(columns, centres), NARROWEST)
    biases = -sharpness * (centres * centres).sum(axis=1)
    return {"centres": centres, "weights": np.float32(2 * sharpness) * centres, "biases": biases}


def check(value: str, setting: str, known: Iterable[str]) -> None:
    """Refuse a value that a setting does not know."""
    if value not in known:
        raise BadSetting(f"'{setting}' is one of {', '.join(known)}, not '{value}'.")


def _gap(columns: NDArray[np.float32], centres: NDArray[np.float32]) -> float:
    """Mean of d2 - d1; 1 where there is one centre only."""
    centres = centres[(centres * centres).sum(axis=1) < SPARE]
    if len(centres) < 2:
        return 1.0
    total, lengths = 0.0, (centres * centres).sum(axis=1)
    for block in blocks(len(columns)):
        nearest = np.partition(lengths - 2 * (columns[block] @ centres.T), 1, axis=1)
        total += float((nearest[:, 1] - nearest[:, 0]).sum(dtype=np.float64))
    return total / len(columns)
