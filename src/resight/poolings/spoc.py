"""Sum-pooled convolutional features. Babenko and Lempitsky, ICCV 2015, eqs. 1 and 3."""

from __future__ import annotations

from typing import Any

import numpy as np
from array_api_compat import array_namespace, device
from numpy.typing import NDArray

from resight.cells import columns, inside

POWER_OF_MEAN = 1  # a channel adds up what its places give


def spoc(features: Any, masks: Any, *, prior: bool = False) -> Any:
    """(B, C, H, W), masks (R, H, W) -> (B, R, C): the sum of the cells of each region.

    With `prior` a cell weighs `exp(-d^2 / (2 s^2))`: d is the distance, in cells, from its centre to the
    centre of the whole map, and s a third of the distance from there to the closest border, `min(H, W) / 6`.
    """
    xp = array_namespace(features)
    weights = inside(masks, features)
    if prior:
        centred = _centre_prior(*features.shape[2:])
        weights = weights * xp.asarray(centred, dtype=features.dtype, device=device(features))
    return xp.matmul(weights, columns(features))


def _centre_prior(height: int, width: int) -> NDArray[np.float64]:
    """(height * width,) weights, 1 at the centre of the map."""
    spread = min(height, width) / 6
    down, right = np.arange(height) + 0.5 - height / 2, np.arange(width) + 0.5 - width / 2
    squares = down[:, None] ** 2 + right**2
    prior: NDArray[np.float64] = np.exp(-squares / (2 * spread**2)).ravel()
    return prior
