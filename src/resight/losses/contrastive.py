"""Contrastive loss with two hinges. Hadsell et al., CVPR 2006, eq. 4; Radenovic et al., TPAMI 2019, eq. 3."""

from __future__ import annotations

import torch

from resight.ranges import at_least

TAKES = "labels"


def contrastive(
    descriptors: torch.Tensor, labels: torch.Tensor, *, near: float = 0.0, far: float = 0.7
) -> torch.Tensor:
    """(N, D), (N,) -> means of max(d - near, 0)^2 over matching pairs and of max(far - d, 0)^2 over others.

    Both means are of the pairs that are not yet right, and are added; d is the Euclidean distance. The first
    has `near` 0 in both papers; that the second is a mean by itself, whatever the number of pairs, is ours.
    Raises BadSetting.
    """
    at_least(0, "contrastive", near=near, far=far)
    squares = torch.clamp(2 - 2 * descriptors @ descriptors.T, min=0)
    upper = torch.triu(torch.ones_like(squares, dtype=torch.bool), diagonal=1)
    same = labels[:, None] == labels[None, :]
    positive = squares[same & upper]
    # The root's gradient has no end at 0: pairs without a distance are as near as can be.
    distance = torch.where(positive > 0, torch.where(positive > 0, positive, 1).sqrt(), 0)
    negative = squares[~same & upper]
    between = torch.where(negative > 0, torch.where(negative > 0, negative, 1).sqrt(), 0)
    pulled, pushed = torch.clamp(distance - near, min=0).square(), torch.clamp(far - between, min=0).square()
    return _mean_of_positive(pulled) + _mean_of_positive(pushed)


def _mean_of_positive(values: torch.Tensor) -> torch.Tensor:
    return values.sum() / torch.clamp((values > 0).sum(), min=1)
