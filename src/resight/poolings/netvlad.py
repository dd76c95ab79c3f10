"""NetVLAD. Arandjelovic, Gronat, Torii, Pajdla and Sivic, CVPR 2016, eqs. 2-4."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight.poolings import _assignment
from resight.poolings._unit_columns import cells, sampled_inside


def netvlad(features: Any, masks: Any, parameters: dict[str, Any], *, intra_norm: str = "cluster") -> Any:
    """(B, C, H, W), masks (R, H, W) -> (B, R, k * C) of unit length.

    Columns of unit length, softly assigned; what they differ from each centre by summed, normalised
    (`intra_norm`) for each centre (`cluster`, as in the paper) or for each channel over the centres
    (`channel`), then all together.
    """
    return _assignment.netvlad(*cells(features, masks), parameters, intra_norm)


def fit(
    samples: Iterable[tuple[NDArray[np.float32], NDArray[np.bool_]]], *, k: int = 64, seed: int = 0
) -> dict[str, Any]:
    """Photos' features (1, C, H, W) and masks -> centres (k, C), weights (k, C), biases (k,), all learnable.

    `k` centres by k-means, begun by `seed`, on 100,000 columns at most; assignments so sharp that the nearest
    centre's is 100 times the second's (`_assignment.fitted`). Fewer distinct columns than k: the centres left
    over are spare, their assignments 0.
    """
    photos = (cells(features, masks) for features, masks in samples)
    return _assignment.fitted(sampled_inside(photos, seed), k, seed)
