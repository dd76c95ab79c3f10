"""Triplet loss. Schroff et al., CVPR 2015, eq. 2; as in Husain et al., 2019, and Vaccaro et al., 2020."""

from __future__ import annotations

import torch

from resight.ranges import at_least

TAKES = "triplets"


def triplet(
    descriptors: torch.Tensor, triplets: torch.Tensor, *, margin: float = 0.1, squared: bool = True
) -> torch.Tensor:
    """(N, D), (T, 3) -> the mean of max(margin + d(query, matching) - d(query, non-matching), 0).

    The mean is over all triplets, also those without a loss. d is the squared Euclidean distance, or with
    `squared` off the distance itself. Raises BadSetting.
    """
    at_least(0, "triplet", margin=margin)
    query, matching, other = (descriptors[triplets[:, column]] for column in range(3))
    near, far = distances(query, matching, squared), distances(query, other, squared)
    # A mean over no triplet would be no number.
    return torch.clamp(margin + near - far, min=0).sum() / max(1, len(triplets))


def distances(one: torch.Tensor, other: torch.Tensor, squared: bool = True) -> torch.Tensor:
    """Rows (N, D) and rows (N, D) -> their distances (N,), with a finite gradient where they are equal."""
    squares = (one - other).square().sum(1)
    if squared:
        return squares
    apart = squares > 0
    return torch.where(apart, torch.where(apart, squares, 1).sqrt(), 0)
