"""Networks of the timm library, by its names; layers by module path (`blocks.6`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from resight.errors import UnknownMethod

if TYPE_CHECKING:
    import torch


def build(name: str, pretrained: bool) -> tuple[torch.nn.Module, Sequence[float], Sequence[float]]:
    """The network, and the mean and deviation of its input, 0 to 1."""
    import timm

    if not timm.is_model(name):
        near = timm.list_models(f"*{name.partition('.')[0][:8]}*")[:12]
        raise UnknownMethod("network of timm", name, near or ["see timm.list_models()"])
    model = timm.create_model(name, pretrained=pretrained)
    known: Any = model.default_cfg
    return model, known["mean"], known["std"]
