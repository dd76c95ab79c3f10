"""Classification by cosines. Wang et al., ACM MM 2017 (NormFace); margin: Wang et al., CVPR 2018, CosFace."""

from __future__ import annotations

import torch

from resight.ranges import above, at_least

TAKES = "classes"


def cosine_softmax(
    descriptors: torch.Tensor,
    labels: torch.Tensor,
    weights: torch.Tensor,
    *,
    scale: float = 16.0,
    margin: float = 0.0,
) -> torch.Tensor:
    """(N, D), (N,), (K, D) -> cross entropy of `scale` x cosine to each class, the own one `margin` less.

    Raises BadSetting.
    """
    above(0, "cosine-softmax", scale=scale)
    at_least(0, "cosine-softmax", margin=margin)
    cosines = torch.nn.functional.normalize(descriptors) @ torch.nn.functional.normalize(weights).T
    # Of the kind of the cosines: whole numbers times a margin would be float32, whatever they are added to.
    own = torch.nn.functional.one_hot(labels, len(weights)).to(cosines.dtype)
    return torch.nn.functional.cross_entropy(scale * (cosines - margin * own), labels)
