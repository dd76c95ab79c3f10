"""Contrast with all others of a batch. van den Oord et al., 2018 (InfoNCE); Chen et al., ICML 2020."""

from __future__ import annotations

import torch

from resight.ranges import above

TAKES = "labels"


def info_nce(descriptors: torch.Tensor, labels: torch.Tensor, *, temperature: float = 0.05) -> torch.Tensor:
    """(N, D), (N,) -> the mean of -log softmax(similarity / `temperature`) over all matching pairs.

    Each pair stands against all photos of other labels; other matching photos of its query are left out.
    Raises BadSetting.
    """
    above(0, "info-nce", temperature=temperature)
    similarities = descriptors @ descriptors.T / temperature
    same = labels[:, None] == labels[None, :]
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    others = similarities.masked_fill(same, -torch.inf)
    queries, matching = torch.nonzero(same & ~itself, as_tuple=True)
    if not len(queries):
        return descriptors.sum() * 0
    against = torch.logsumexp(others, dim=1)[queries]
    own = similarities[queries, matching]
    return (torch.logaddexp(own, against) - own).mean()
