"""Average precision of soft histograms. Revaud et al., ICCV 2019; He et al., CVPR 2018."""

from __future__ import annotations

import torch

from resight.ranges import at_least

TAKES = "labels"


def listwise_ap(descriptors: torch.Tensor, labels: torch.Tensor, *, bins: int = 20) -> torch.Tensor:
    """(N, D), (N,) -> 1 less the mean average precision of each photo among the others of the batch.

    Similarities fall softly into `bins` from 1 down to -1, each into its two nearest; precision and recall
    are counted bin by bin. Photos without a matching one do not ask. Raises BadSetting.
    """
    at_least(2, "listwise-ap", bins=bins)
    similarity = torch.clamp(descriptors @ descriptors.T, -1, 1)
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    same = ((labels[:, None] == labels[None, :]) & ~itself).to(similarity.dtype)
    width = 2 / (bins - 1)
    centres = 1 - width * torch.arange(bins, device=labels.device, dtype=similarity.dtype)
    shares = torch.clamp(1 - (similarity[:, :, None] - centres).abs() / width, min=0)
    shares = shares.masked_fill(itself[:, :, None], 0)
    right = (shares * same[:, :, None]).sum(1)  # (N, bins)
    asking = same.sum(1) > 0
    if not asking.any():
        return descriptors.sum() * 0
    precision = right.cumsum(1) / torch.clamp(shares.sum(1).cumsum(1), min=1e-12)
    recall = right / torch.clamp(same.sum(1, keepdim=True), min=1)
    return 1 - (precision * recall).sum(1)[asking].mean()
