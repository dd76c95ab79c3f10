"""Triplet loss. Schroff, Kalenichenko and Philbin, CVPR 2015, eq. 2; as in Husain et al. 2019, Vaccaro et al. 2020."""

from __future__ import annotations

import torch

TAKES = "triplets"


def triplet(
    descriptors: torch.Tensor, triplets: torch.Tensor, *, margin: float = 0.1, squared: bool = True
) -> torch.Tensor:
    """(N, D), (T, 3) -> the mean of max(margin + d(query, matching) - d(query, non-matching), 0).

    d is the squared Euclidean distance, or with `squared` off the distance itself.
    """
    query, matching, other = (descriptors[triplets[:, column]] for column in range(3))
    near, far = distances(query, matching, squared), distances(query, other, squared)
    return torch.clamp(margin + near - far, min=0).mean()


def distances(one: torch.Tensor, other: torch.Tensor, squared: bool = True) -> torch.Tensor:
    """Rows (N, D) and rows (N, D) -> their distances (N,), with a finite gradient where they are equal."""
    squares = (one - other).square().sum(1)
    if squared:
        return squares
    apart = squares > 0
    return torch.where(apart, torch.where(apart, squares, 1).sqrt(), 0)
