"""Columns of a feature map as vectors of unit length, and a bounded sample of them for a fit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import NDArray

from resight.cells import as_numpy, columns
from resight.errors import BadRecipe

EPS = 1e-12
MOST_COLUMNS = 100_000  # of a sample
MOST_NUMBERS = 1 << 26  # of a sample: 256 MB, whatever the number of channels


def unit(values: Any, axis: int = -1) -> Any:
    """`x / max(||x||, 1e-12)` along an axis. Zeros stay zeros, with a slope of 1."""
    xp = array_namespace(values)
    squares = xp.expand_dims(xp.vecdot(values, values, axis=axis), axis=axis)
    squares = xp.where(squares > 0, xp.clip(squares, min=EPS * EPS), xp.ones_like(squares))
    return values / xp.sqrt(squares)


def unit_columns(features: Any) -> Any:
    """(B, C, H, W) -> (B, H * W, C), each column of unit length; a silent one stays zero."""
    return unit(columns(features))


def cells(features: Any, masks: Any) -> tuple[Any, Any]:
    """(B, C, H, W), masks (R, H, W) -> unit columns (B, H * W, C), and each region's cells (R, H * W)."""
    return unit_columns(features), as_numpy(masks).reshape((masks.shape[0], -1))


def sampled_inside(photos: Iterable[tuple[Any, Any]], seed: int) -> NDArray[np.float32]:
    """Columns (1, N, C) and masks (R, N), a photo at a time -> a sample of those that lie in any region."""
    return sampled((columns[0][masks.any(axis=0)] for columns, masks in photos), seed)


def sampled(photos: Iterable[NDArray[np.float32]], seed: int) -> NDArray[np.float32]:
    """Columns (N_i, C) of one photo after the other -> at most 100,000 rows, each as likely as any other.

    One pass in bounded memory: Vitter, ACM TOMS 1985, algorithm R.
    """
    chance, seen = np.random.default_rng(seed), 0
    kept = np.empty((0, 0), dtype=np.float32)
    for rows in photos:
        if not kept.size:
            channels = rows.shape[1]
            kept = np.empty((max(1, min(MOST_COLUMNS, MOST_NUMBERS // channels)), channels), dtype=np.float32)
        places = np.arange(seen, seen + len(rows))
        late = places >= len(kept)
        places[late] = chance.random(np.count_nonzero(late)) * (places[late] + 1)
        stays = places < len(kept)
        kept[places[stays]] = rows[stays]  # of rows for the same place the last one stays
        seen += len(rows)
    if not seen:
        raise BadRecipe("A vocabulary needs at least one photo to be fitted on.")
    return kept[:seen]
