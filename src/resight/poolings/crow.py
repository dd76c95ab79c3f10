"""Cross-dimensional weighting. Kalantidis, Mellina and Osindero, ECCVW 2016, eqs. 1-5, with a = b = 2."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace

from resight import saliency
from resight.cells import columns, inside

POWER_OF_MEAN = 1  # a channel adds up what its places give


def crow(features: Any, masks: Any, *, spatial: bool = True, channel: bool = True) -> Any:
    """(B, C, H, W), non-negative, masks (R, H, W) -> (B, R, C): sums of weighted columns over each region.

    A place weighs by the root of its saliency (`spatial`), a channel by how seldom it is active (`channel`),
    both on the whole map.
    """
    xp = array_namespace(features)
    weights = inside(masks, features)
    if spatial:
        weights = weights * xp.reshape(_root(saliency.spatial(features)), (features.shape[0], 1, -1))
    sums = xp.matmul(weights, columns(features))
    return sums * saliency.channels(features)[:, None, :] if channel else sums


def _root(values: Any) -> Any:
    """Square root; 0 where not positive, and the slope there is 0 too: no finite number would be right."""
    xp = array_namespace(values)
    positive = values > 0
    roots = xp.sqrt(xp.where(positive, values, xp.ones_like(values)))
    return xp.where(positive, roots, xp.zeros_like(values))
