"""A network as a function from pixels to the maps of its named layers, cut after the deepest of them."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from resight import methods
from resight.backbones import _tensors
from resight.backbones._hubs import Unreachable, must_answer, of_network
from resight.backbones._layers import Layers
from resight.backbones._measured import set_forms, set_sizes
from resight.backbones._sizes import Sizes
from resight.backbones._weights import locate
from resight.errors import BadRecipe, NetworkUnavailable
from resight.recipe import Backbone


@dataclass(frozen=True)
class Network:
    """`module`: (B, H, W, 3) uint8 sRGB -> a tuple of (B, C, H', W') float32, one a layer.

    `sizes` are those of the images that it takes; a smaller one, or another than the only one, is an error.
    """

    module: Layers
    weights: str
    sizes: Sizes


def build(backbone: Backbone) -> Network:
    """Load a network with its weights, ready to run on the CPU in float32."""
    weights = locate(backbone)
    made = weights.path is not None or weights.name.partition(":")[0] == "random"
    if weights.name.partition(":")[0] == "random":
        _seed(backbone, weights.name)
    model, mean, deviation = _made(backbone, "" if made else weights.name)
    module = Layers(model, backbone, mean, deviation).eval().requires_grad_(False)
    sizes = set_sizes(module, backbone.network)
    if weights.path:
        loaded = _tensors.load(model, weights.path)
        _tensors.check(model, lambda: module.sound(sizes.smallest), loaded, weights.path)
    elif not module.sound(sizes.smallest):
        raise NetworkUnavailable(
            f"The weights '{weights.name}' of {backbone.network} hold no numbers for the layers asked for."
        )
    set_forms(module, sizes)
    return Network(module, weights.key if weights.path else _digest(model), sizes)


def _seed(backbone: Backbone, name: str) -> None:
    warnings.warn(f"{backbone.network} runs with random weights: good for tests alone.", stacklevel=3)
    seed = name.partition(":")[2]
    if seed and not seed.isdecimal():
        raise BadRecipe(f"Random weights are 'random' or 'random:SEED', not '{name}'.")
    torch.manual_seed(int(seed or 0))


def _made(backbone: Backbone, weights: str) -> tuple[torch.nn.Module, Sequence[float], Sequence[float]]:
    library, _, name = backbone.network.partition(":")
    try:
        if weights:
            must_answer(library, name, weights)
        made: tuple[torch.nn.Module, Sequence[float], Sequence[float]]
        made = methods.module("backbones", library).build(name, weights)
        return made
    except Exception as error:
        if not of_network(error):
            raise
        raise NetworkUnavailable(
            f"The weights '{weights}' of {backbone.network} could not be fetched ({_why(error)}): "
            "go online once, or name a file of weights in the recipe."
        ) from error


def _why(error: Exception) -> str:
    return str(error) if isinstance(error, Unreachable) else type(error).__name__


def _digest(model: torch.nn.Module) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()
