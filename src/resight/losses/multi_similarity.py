"""Multi-similarity loss. Wang et al., CVPR 2019, with its mining of pairs."""

from __future__ import annotations

import torch

from resight.ranges import above, at_least

TAKES = "labels"


def multi_similarity(
    descriptors: torch.Tensor,
    labels: torch.Tensor,
    *,
    alpha: float = 2.0,
    beta: float = 50.0,
    base: float = 0.5,
    margin: float = 0.1,
) -> torch.Tensor:
    """(N, D), (N,) -> the mean over the photos of a soft maximum of their wrong similarities.

    Matching pairs count that are less alike than a photo's most alike other, plus `margin`; others that are
    more alike than its least alike matching one, less `margin`. `alpha` and `beta` say how sharp the maximum
    is over matching pairs and over others, `base` which similarity is neither right nor wrong. The choice of
    pairs has no gradient. Raises BadSetting.
    """
    above(0, "multi-similarity", alpha=alpha, beta=beta)
    at_least(0, "multi-similarity", margin=margin)
    at_least(-1, "multi-similarity", base=base)
    similarity = descriptors @ descriptors.T
    same = labels[:, None] == labels[None, :]
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    positive, negative = same & ~itself, ~same
    fixed = similarity.detach()
    least = fixed.masked_fill(~positive, torch.inf).amin(1, keepdim=True)
    most = fixed.masked_fill(~negative, -torch.inf).amax(1, keepdim=True)
    positive = positive & (fixed - margin < most)
    negative = negative & (fixed + margin > least)
    pulled = _soft(-alpha * (similarity - base), positive) / alpha
    pushed = _soft(beta * (similarity - base), negative) / beta
    return (pulled + pushed).mean()


def _soft(exponents: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    """(N, N) -> log(1 + the sum of e^exponent over what is chosen) of each row; 0 where nothing is."""
    one = torch.zeros_like(exponents[:, :1])
    return torch.logsumexp(torch.cat([one, exponents.masked_fill(~chosen, -torch.inf)], dim=1), dim=1)
