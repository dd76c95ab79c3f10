"""Contrastive loss with two hinges. Hadsell, Chopra and LeCun, CVPR 2006, eq. 4; Radenovic et al., TPAMI 2019, eq. 3."""

from __future__ import annotations

import torch

TAKES = "labels"


def contrastive(
    descriptors: torch.Tensor, labels: torch.Tensor, *, near: float = 0.0, far: float = 0.7
) -> torch.Tensor:
    """(N, D), (N,) -> the mean over matching pairs of max(d - near, 0)^2, and over others of max(far - d, 0)^2.

    Both means are of the pairs that are not yet right, and are added; d is the Euclidean distance.
    """
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
