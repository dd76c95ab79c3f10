"""Networks of the torchvision library, by its names; layers by the papers' names or by module path."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from resight.errors import NetworkUnavailable, UnknownMethod

if TYPE_CHECKING:
    import torch

PREPROCESS = ("caffe",)  # beside what the weights state
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def build(name: str, weights: str) -> tuple[torch.nn.Module, Sequence[float], Sequence[float]]:
    """The network, and the mean and deviation of its input, 0 to 1.

    `weights`: "" for none, "imagenet" for the library's default, or the name of one of its own sets.
    """
    from torchvision import models

    if name not in models.list_models(module=models):
        raise UnknownMethod("network of torchvision", name, models.list_models(module=models))
    if not weights:
        extra = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
        model = models.get_model(name, weights=None, **extra)
        if hasattr(model, "transform_input"):  # as with the library's own weights
            model.transform_input = True
        return model, MEAN, DEVIATION
    own = models.get_model_weights(name)
    known = {"imagenet": own.DEFAULT} | {each.name: each for each in own}
    if weights not in known:
        raise NetworkUnavailable(f"{name} has no weights '{weights}' there. Known: {', '.join(known)}.")
    given = known[weights].transforms()
    return models.get_model(name, weights=known[weights]), given.mean, given.std
