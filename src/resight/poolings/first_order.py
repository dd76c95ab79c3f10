"""Sums of columns, weighted by place and by channel. Jeong et al., ICIP 2017, eqs. 3 and 9."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace

from resight.cells import columns, inside
from resight.saliency import channels, spatial


def first_order(features: Any, masks: Any, *, weighted: bool = True) -> Any:
    """(B, C, H, W), non-negative, masks (R, H, W) -> (B, R, C): `beta * sum_{p in R} alpha_p f_p` (eq. 9).

    alpha and beta are those of the whole map (their eqs. 1 and 2). `weighted` false leaves alpha out (eq. 3).
    The unit length that the paper asks for is a step of the recipe.
    """
    xp = array_namespace(features)
    weights = inside(masks, features)
    if weighted:
        alpha = spatial(features)
        weights = weights * xp.reshape(alpha, (alpha.shape[0], 1, -1))
    return channels(features)[:, None, :] * xp.matmul(weights, columns(features))
