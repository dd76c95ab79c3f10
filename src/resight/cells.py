"""Feature maps and masks as matrices: a row a cell, so that pooling is a product of the two.

For poolings, here and in packages of others.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from array_api_compat import array_namespace, device, to_device
from numpy.typing import NDArray


def columns(features: Any) -> Any:
    """(B, C, H, W) -> (B, H * W, C); free where channels lie last in memory."""
    xp = array_namespace(features)
    last = xp.permute_dims(features, (0, 2, 3, 1))
    return xp.reshape(last, (last.shape[0], -1, last.shape[3]))


def inside(masks: Any, like: Any) -> Any:
    """(R, H, W) bool -> (R, H * W), 1 inside and 0 outside, in the type and on the device of an array."""
    xp = array_namespace(like)
    flat = masks.reshape((masks.shape[0], -1))
    if isinstance(flat, np.ndarray):
        flat = xp.asarray(flat.astype(np.float32), device=device(like))
    return xp.astype(flat, like.dtype, copy=False)


def shares(masks: Any, like: Any) -> Any:
    """(R, H, W) bool -> (R, H * W) that sum to 1 in each region: a product with them is a mean."""
    xp = array_namespace(like)
    weights = inside(masks, like)
    return weights / xp.sum(weights, axis=1, keepdims=True)


def as_numpy(masks: Any) -> NDArray[np.bool_]:
    """Masks as a NumPy array, whatever they are: what is worked out from them alone is geometry."""
    return np.asarray(masks if isinstance(masks, np.ndarray) else to_device(masks, "cpu"))


def places(mask: NDArray[np.bool_], like: Any) -> Any:
    """A mask of any shape -> the numbers (N,) of its cells, row by row, on the device of another array."""
    return array_namespace(like).asarray(np.flatnonzero(mask), device=device(like))
