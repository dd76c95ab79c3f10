"""NetVLAD over local max-pools of several sizes. Vaccaro et al., ICMR 2020, section 3.1."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import NDArray

from resight.cells import as_numpy
from resight.errors import BadSetting
from resight.poolings import _assignment
from resight.poolings._unit_columns import sampled_inside, unit


def multiscale_netvlad(
    features: Any,
    masks: Any,
    parameters: dict[str, Any],
    *,
    windows: str = "2+3",
    intra_norm: str = "cluster",
) -> Any:
    """(B, C, H, W), masks (R, H, W) -> (B, R, k * C) of unit length.

    The maxima of all `windows`, stride 1 and no padding, each column then of unit length, in one NetVLAD. A
    window larger than the map is cut to the map. A region has the windows that lie inside it, or where none
    does, those that touch it. `intra_norm`: normalised for each centre (`cluster`) or channel (`channel`).
    """
    return _assignment.netvlad(*_pooled(features, masks, windows), parameters, intra_norm)


def fit(
    samples: Iterable[tuple[NDArray[np.float32], NDArray[np.bool_]]],
    *,
    k: int = 64,
    seed: int = 0,
    windows: str = "2+3",
) -> dict[str, Any]:
    """Photos' features (1, C, H, W) and masks -> parameters as NetVLAD's, from the columns of all windows.

    `k` centres by k-means, begun by `seed`.
    """
    pooled = (_pooled(features, masks, windows) for features, masks in samples)
    return _assignment.fitted(sampled_inside(pooled, seed), k, seed)


def _pooled(features: Any, masks: Any, windows: str) -> tuple[Any, Any]:
    """Columns (B, N, C) of all windows, and masks (R, N): which of them each region has."""
    xp = array_namespace(features)
    last, cells = xp.permute_dims(features, (0, 2, 3, 1)), as_numpy(masks)
    maxima, members = [], []
    for size in _sizes(windows):
        largest = _slid(last, size, xp.maximum)
        maxima.append(xp.reshape(largest, (largest.shape[0], -1, largest.shape[3])))
        inside, touching = (_slid(cells, size, of) for of in (np.logical_and, np.logical_or))
        inside, touching = (np.reshape(each, (len(each), -1)) for each in (inside, touching))
        members.append(np.where(inside.any(axis=1, keepdims=True), inside, touching))
    return unit(xp.concat(maxima, axis=1)), np.concatenate(members, axis=1)


def _slid(values: Any, size: int, of: Callable[[Any, Any], Any]) -> Any:
    """(B, H, W, ...) -> (B, H - size + 1, W - size + 1, ...): `of` all values in each window."""
    height, width = min(size, values.shape[1]), min(size, values.shape[2])
    rows = values[:, : values.shape[1] - height + 1]
    for shift in range(1, height):
        rows = of(rows, values[:, shift : shift + rows.shape[1]])
    found = rows[:, :, : rows.shape[2] - width + 1]
    for shift in range(1, width):
        found = of(found, rows[:, :, shift : shift + found.shape[2]])
    return found


def _sizes(windows: str) -> list[int]:
    parts = windows.split("+")
    if not all(part.isascii() and part.isdigit() and int(part) for part in parts):
        raise BadSetting(f"'windows' are sizes of 1 or more joined by '+', as in '2+3', not '{windows}'.")
    return [int(part) for part in parts]
