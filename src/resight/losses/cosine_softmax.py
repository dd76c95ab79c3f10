"""Classification by cosines. Wang et al., ACM MM 2017 (NormFace); with a margin Wang et al., CVPR 2018 (CosFace)."""

from __future__ import annotations

import torch

TAKES = "classes"


def cosine_softmax(
    descriptors: torch.Tensor,
    labels: torch.Tensor,
    weights: torch.Tensor,
    *,
    scale: float = 16.0,
    margin: float = 0.0,
) -> torch.Tensor:
    """(N, D), (N,), (K, D) -> cross entropy of scale x cosine to each class, `margin` less for a photo's own."""
    cosines = torch.nn.functional.normalize(descriptors) @ torch.nn.functional.normalize(weights).T
    own = torch.nn.functional.one_hot(labels, len(weights))
    return torch.nn.functional.cross_entropy(scale * (cosines - margin * own), labels)
