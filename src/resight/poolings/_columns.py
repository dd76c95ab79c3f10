"""Feature maps and masks as matrices: a row a cell, so that pooling is a product of the two."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace


def columns(features: Any) -> Any:
    """(B, C, H, W) -> (B, H * W, C); free where channels lie last in memory."""
    xp = array_namespace(features)
    last = xp.permute_dims(features, (0, 2, 3, 1))
    return xp.reshape(last, (last.shape[0], -1, last.shape[3]))


def inside(masks: Any, like: Any) -> Any:
    """(R, H, W) bool -> (R, H * W), 1 inside and 0 outside, in the type of another array."""
    xp = array_namespace(like)
    return xp.astype(xp.reshape(masks, (masks.shape[0], -1)), like.dtype)


def shares(masks: Any, like: Any) -> Any:
    """(R, H, W) bool -> (R, H * W) that sum to 1 in each region: a product with them is a mean."""
    xp = array_namespace(like)
    weights = inside(masks, like)
    return weights / xp.sum(weights, axis=1, keepdims=True)
