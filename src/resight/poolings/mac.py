"""Maximum activations of convolutions. Razavian et al., MTA 2016; Tolias et al., ICLR 2016, eq. 2."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from array_api_compat import array_namespace


def mac(features: Any, masks: Any) -> Any:
    """(B, C, H, W), masks (R, H, W) -> (B, R, C): the largest value of each channel in each region."""
    xp = array_namespace(features)
    last = xp.permute_dims(features, (0, 2, 3, 1))  # maxima then run along whole rows of memory
    boxes = [_rectangle(mask) for mask in np.asarray(masks)]
    found: list[Any] = [None] * len(boxes)
    numbered = [(box, number) for number, box in enumerate(boxes) if box]
    # separable: rectangles that share their rows share the maxima over these rows
    for (top, bottom), group in itertools.groupby(sorted(numbered), key=lambda one: one[0][:2]):
        over_rows = xp.max(last[:, top:bottom], axis=1)
        for (_, _, left, right), number in group:
            found[number] = xp.max(over_rows[:, left:right], axis=1)
    for number, box in enumerate(boxes):
        if box is None:
            found[number] = xp.max(last[:, masks[number]], axis=1)
    return xp.stack(found, axis=1)


def _rectangle(mask: Any) -> tuple[int, int, int, int] | None:
    """Top, bottom, left, right of a mask that is one full rectangle; else None."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    return (top, bottom, left, right) if mask[top:bottom, left:right].all() else None
