"""Networks of the timm library, by its names; layers by the papers' names or by module path (`blocks.6`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from resight.errors import NetworkUnavailable, UnknownMethod

if TYPE_CHECKING:
    import torch

PREPROCESS = ("caffe",)  # beside what the weights state
# What makes a network take any size, by its family; others know none of it.
ANY_SIZE: list[dict[str, Any]] = [
    {"dynamic_img_size": True, "dynamic_img_pad": True},
    {"dynamic_img_size": True},
    {"strict_img_size": False},
]


def build(name: str, weights: str) -> tuple[torch.nn.Module, Sequence[float], Sequence[float]]:
    """The network, and the mean and deviation of its input, 0 to 1; `weights`: "" for none, or "imagenet"."""
    import timm

    if not timm.is_model(name):
        near = timm.list_models(f"*{name.partition('.')[0][:8]}*")[:12]
        raise UnknownMethod("network of timm", name, near or ["see timm.list_models()"])
    if weights not in ("", "imagenet"):
        plain = name.partition(".")[0]
        sets = ", ".join(timm.list_models(f"{plain}.*", pretrained=True)) or "none"
        raise NetworkUnavailable(f"timm names a set of weights in the network, with 'imagenet': {sets}.")
    try:
        model = _create(name, bool(weights))
    except RuntimeError as error:
        if not weights:
            raise
        raise NetworkUnavailable(f"timm has no such weights: {error}") from None
    known: Any = model.default_cfg
    return model, known["mean"], known["std"]


def _create(name: str, pretrained: bool) -> Any:
    import timm

    for settings in ANY_SIZE:
        try:
            return timm.create_model(name, pretrained=pretrained, **settings)
        except TypeError as error:
            if not any(setting in str(error) for setting in settings):
                raise
    return timm.create_model(name, pretrained=pretrained)
