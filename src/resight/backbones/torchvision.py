"""Networks of the torchvision library, by its names; layers by module path (`features.29`, `layer4`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from resight.errors import UnknownMethod

if TYPE_CHECKING:
    import torch

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def build(name: str, pretrained: bool) -> tuple[torch.nn.Module, Sequence[float], Sequence[float]]:
    """The network, and the mean and deviation of its input, 0 to 1."""
    from torchvision import models

    if name not in models.list_models(module=models):
        raise UnknownMethod("network of torchvision", name, models.list_models(module=models))
    extra = {"init_weights": True} if name in ("googlenet", "inception_v3") and not pretrained else {}
    return models.get_model(name, weights="DEFAULT" if pretrained else None, **extra), MEAN, DEVIATION
