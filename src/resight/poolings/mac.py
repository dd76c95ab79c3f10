"""Maximum activations of convolutions. Razavian et al., MTA 2016; Tolias et al., ICLR 2016, eq. 2."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import NDArray

from resight.cells import as_numpy, places

POWER_OF_MEAN = math.inf  # a channel is the largest of what its places give

Span = tuple[int, int]


def mac(features: Any, masks: Any) -> Any:
    """(B, C, H, W), masks (R, H, W) -> (B, R, C): the largest value of each channel in each region.

    Separable for rectangles: each cell is read once for the rows of all of them, and what is left of it,
    once for the columns of those that share their rows.
    """
    xp = array_namespace(features)
    last = xp.permute_dims(features, (0, 2, 3, 1))  # maxima then run along whole rows of memory
    masks = as_numpy(masks)
    boxes = _rectangles(masks)
    over_rows = _maxima(xp, last, {box[0] for box in boxes if box})
    over_both = {
        rows: _maxima(xp, band, {box[1] for box in boxes if box and box[0] == rows})
        for rows, band in over_rows.items()
    }
    found = [
        over_both[box[0]][box[1]] if box else _scattered(xp, last, masks[number])
        for number, box in enumerate(boxes)
    ]
    return xp.stack(found, axis=1)


def _scattered(xp: Any, last: Any, mask: NDArray[np.bool_]) -> Any:
    """(B, H, W, C), a mask (H, W) that is no rectangle -> (B, C)."""
    cells = xp.reshape(last, (last.shape[0], -1, last.shape[3]))
    return xp.max(xp.take(cells, places(mask, last), axis=1), axis=1)


def _maxima(xp: Any, values: Any, spans: Iterable[Span]) -> dict[Span, Any]:
    """Maxima over spans of the second axis, put together from the pieces between all of their ends."""
    ends = sorted(set(itertools.chain(*spans)))
    pieces = [xp.max(values[:, start:stop], axis=1) for start, stop in itertools.pairwise(ends)]
    return {
        (start, stop): functools.reduce(xp.maximum, pieces[ends.index(start) : ends.index(stop)])
        for start, stop in spans
    }


def _rectangles(masks: NDArray[Any]) -> list[tuple[Span, Span] | None]:
    """The rows and the columns of each mask that is one full rectangle; None for another."""
    found = [_extent(np.any(masks, axis=axis)) for axis in (2, 1)]
    full = masks.sum(axis=(1, 2)) == np.prod([stop - start for start, stop in found], axis=0)
    spans = (list(zip(start.tolist(), stop.tolist(), strict=True)) for start, stop in found)
    return [(rows, columns) if whole else None for rows, columns, whole in zip(*spans, full, strict=True)]


def _extent(lines: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the true ones of each line begin and end."""
    return lines.argmax(axis=1), lines.shape[1] - lines[:, ::-1].argmax(axis=1)
