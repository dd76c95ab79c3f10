"""Classification by angles with a margin. Deng, Guo, Xue and Zafeiriou, CVPR 2019, eq. 3 (ArcFace)."""

from __future__ import annotations

import math

import torch

from resight.errors import BadSetting
from resight.ranges import above

TAKES = "classes"
NEARLY = 1e-6  # of a cosine: the gradient of an angle has no end at 1


def arcface(
    descriptors: torch.Tensor,
    labels: torch.Tensor,
    weights: torch.Tensor,
    *,
    scale: float = 30.0,
    margin: float = 0.15,
) -> torch.Tensor:
    """(N, D), (N,), (K, D) -> cross entropy of `scale` x cosine, a photo's own angle `margin` radians wider.

    Where the wider angle would pass a half turn, the cosine falls on in a straight line. Raises BadSetting.
    """
    above(0, "arcface", scale=scale)
    if not 0 <= margin <= math.pi:
        raise BadSetting(f"'arcface' takes radians, 0 to pi, for 'margin', not {margin:g}.")
    cosines = torch.nn.functional.normalize(descriptors) @ torch.nn.functional.normalize(weights).T
    own = cosines.gather(1, labels[:, None])
    angle = torch.arccos(torch.clamp(own, -1 + NEARLY, 1 - NEARLY))
    wider = torch.where(angle + margin < math.pi, torch.cos(angle + margin), own - margin * math.sin(margin))
    return torch.nn.functional.cross_entropy(scale * cosines.scatter(1, labels[:, None], wider), labels)
