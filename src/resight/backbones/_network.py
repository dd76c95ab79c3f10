"""A network as a function from pixels to the maps of its named layers, cut after the deepest of them."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from resight import methods
from resight.backbones._weights import Weights, locate
from resight.errors import BadRecipe, NetworkUnavailable
from resight.recipe import Backbone


@dataclass(frozen=True)
class Network:
    """`module`: (B, H, W, 3) uint8 sRGB -> a tuple of (B, C, H', W') float32, one a layer."""

    module: torch.nn.Module
    weights: str


class _Reached(Exception):
    """All layers asked for have answered; what stands above them need not run."""


class _Layers(torch.nn.Module):
    def __init__(
        self, model: torch.nn.Module, layers: Sequence[str], mean: Sequence[float], deviation: Sequence[float]
    ) -> None:
        super().__init__()
        self.model, self.layers = model, tuple(layers)
        self.mean: torch.Tensor
        self.deviation: torch.Tensor
        self.register_buffer("mean", 255 * torch.tensor(mean).reshape(1, 3, 1, 1))
        self.register_buffer("deviation", 255 * torch.tensor(deviation).reshape(1, 3, 1, 1))
        self._maps: dict[str, torch.Tensor] = {}
        named = dict(model.named_modules())
        for layer in self.layers:
            if layer not in named or not layer:
                near = [name for name in named if name.count(".") <= 1 and name]
                raise BadRecipe(
                    f"The network has no layer '{layer}'. Known: {', '.join(near)}, and those inside."
                )
            named[layer].register_forward_hook(self._keep(layer))

    def _keep(self, layer: str) -> Callable[..., None]:
        def hook(module: torch.nn.Module, inputs: Any, output: torch.Tensor) -> None:
            self._maps[layer] = output
            if len(self._maps) == len(self.layers):
                raise _Reached

        return hook

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """(B, H, W, 3) uint8 -> one (B, C, H', W') float32 a layer."""
        self._maps = {}
        try:
            self.model((pixels.permute(0, 3, 1, 2).float() - self.mean) / self.deviation)
        except _Reached:
            maps, self._maps = self._maps, {}
            return tuple(maps[layer] for layer in self.layers)
        raise BadRecipe(f"Not all of the layers {', '.join(self.layers)} ran.")


def build(backbone: Backbone) -> Network:
    """Load a network with its weights, ready to run on the CPU in float32."""
    library, _, name = backbone.network.partition(":")
    weights = locate(backbone)
    if weights.name.startswith("random"):
        warnings.warn(f"{backbone.network} runs with random weights: good for tests alone.", stacklevel=2)
        seed = weights.name.partition(":")[2]
        if seed and not seed.isdecimal():
            raise BadRecipe(f"Random weights are 'random' or 'random:SEED', not '{weights.name}'.")
        torch.manual_seed(int(seed or 0))
    try:
        model, mean, deviation = methods.module("backbones", library).build(name, weights.name == "imagenet")
    except OSError as error:  # what the hubs raise when they cannot be reached
        raise NetworkUnavailable(
            f"The ImageNet weights of {backbone.network} could not be fetched ({type(error).__name__}): "
            "go online once, or name a file of weights in the recipe."
        ) from error
    if weights.path:
        _load(model, weights)
    module = _Layers(model, backbone.layers, mean, deviation).eval().requires_grad_(False)
    return Network(module, weights.key if weights.path else _digest(model))


def _load(model: torch.nn.Module, weights: Weights) -> None:
    """By name; else in order where all shapes agree, as between two spellings of one network."""
    given, own = _read(weights), model.state_dict()
    if set(given) != set(own) and [t.shape for t in given.values()] == [t.shape for t in own.values()]:
        given = dict(zip(own, given.values(), strict=True))
    try:
        model.load_state_dict(given)
    except RuntimeError:
        alike = sum(name in own and own[name].shape == tensor.shape for name, tensor in given.items())
        raise NetworkUnavailable(
            f"The weights in {weights.path} are of another network: "
            f"{alike} of its {len(own)} tensors have the right name and shape."
        ) from None


def _read(weights: Weights) -> dict[str, torch.Tensor]:
    try:
        if weights.path and weights.path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(weights.path)
        found = torch.load(weights.path, map_location="cpu", weights_only=True)  # type: ignore[arg-type]
        return dict(found.get("state_dict", found))
    except Exception as error:  # zip, pickle and safetensors raise many kinds; each means one thing here
        raise NetworkUnavailable(f"The weights in {weights.path} cannot be read: {error}") from None


def _digest(model: torch.nn.Module) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()
