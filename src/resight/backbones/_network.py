"""A network as a function from pixels to the maps of its named layers, cut after the deepest of them."""

from __future__ import annotations

import bisect
import contextlib
import hashlib
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from resight import methods
from resight.backbones import _names, _tensors
from resight.backbones._hubs import Unreachable, must_answer, of_network
from resight.backbones._weights import locate
from resight.errors import BadRecipe, NetworkUnavailable, ResightError
from resight.recipe import Backbone

CAFFE_MEAN = (103.939, 116.779, 123.68)  # blue, green, red, of 255; Caffe's models divide by nothing
SIDES = (127, 511)  # at which a network is tried; odd, since some take multiples of their patch alone


@dataclass(frozen=True)
class Network:
    """`module`: (B, H, W, 3) uint8 sRGB -> a tuple of (B, C, H', W') float32, one a layer.

    `smallest` is the least height and width in pixels that it can take.
    """

    module: torch.nn.Module
    weights: str
    smallest: int


class _Reached(Exception):
    """All layers asked for have answered; what stands above them need not run."""


class _Layers(torch.nn.Module):
    def __init__(
        self, model: torch.nn.Module, backbone: Backbone, mean: Sequence[float], deviation: Sequence[float]
    ) -> None:
        super().__init__()
        self.model, self.layers, self.relu = model, backbone.layers, backbone.relu
        self.caffe = backbone.preprocess == "caffe"
        if self.caffe and hasattr(model, "transform_input"):
            setattr(model, "transform_input", False)  # noqa: B010  # to other means and deviations
        self.mean: torch.Tensor
        self.deviation: torch.Tensor
        self.register_buffer("mean", _channels(CAFFE_MEAN) if self.caffe else 255 * _channels(mean))
        self.register_buffer("deviation", _channels((1, 1, 1)) if self.caffe else 255 * _channels(deviation))
        for part in model.modules():
            if hasattr(part, "inplace"):  # it would overwrite a layer's map before it is read
                setattr(part, "inplace", False)  # noqa: B010
            if isinstance(part, torch.nn.MaxPool2d | torch.nn.AvgPool2d):
                part.register_forward_pre_hook(_whole_window)
        self._maps: dict[str, torch.Tensor] = {}
        self._grid: Sequence[int] = ()
        if "patch_embed" in dict(model.named_children()):
            model.get_submodule("patch_embed").register_forward_hook(self._keep_grid)
        self.paths = tuple(_names.output_path(model, layer) for layer in self.layers)
        for path in dict.fromkeys(self.paths):
            model.get_submodule(path).register_forward_hook(self._keep(path))

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """(B, H, W, 3) uint8 -> one (B, C, H', W') float32 a layer."""
        self._maps, self._grid = {}, ()
        channels = (pixels.flip(3) if self.caffe else pixels).permute(0, 3, 1, 2).float()
        with contextlib.suppress(_Reached):
            self.model((channels - self.mean) / self.deviation)
        maps, self._maps = self._maps, {}
        missing = [layer for layer, path in zip(self.layers, self.paths, strict=True) if path not in maps]
        if missing:
            raise BadRecipe(f"When the network runs, it does not come to {', '.join(missing)}.")
        return tuple(maps[path] for path in self.paths)

    def runs(self, side: int) -> bool:
        """Whether a square image of this side gives maps at all; a mistake in the recipe is raised."""
        try:
            with torch.inference_mode():
                return all(found.numel() for found in self(self._blank(side)))
        except ResightError:
            raise
        except Exception:  # whatever a network says to a size that it does not take
            return False

    def sound(self, side: int) -> bool:
        """Whether no value of the maps is NaN, at a side that it takes."""
        with torch.inference_mode():
            return not any(bool(found.isnan().any()) for found in self(self._blank(side)))

    def _blank(self, side: int) -> torch.Tensor:
        return torch.zeros(1, side, side, 3, dtype=torch.uint8, device=self.mean.device)

    def _keep(self, path: str) -> Callable[..., None]:
        def hook(module: torch.nn.Module, inputs: Any, output: Any) -> None:
            found = self._as_map(module, output, path)
            if path not in self._maps:  # a module that runs several times answers with its first run
                self._maps[path] = found
            if len(self._maps) == len(set(self.paths)):
                raise _Reached

        return hook

    def _keep_grid(self, module: torch.nn.Module, inputs: Any, output: torch.Tensor) -> None:
        if output.ndim == 4:
            last = getattr(module, "output_fmt", None) == "NHWC"
            self._grid = output.shape[1:3] if last else output.shape[2:4]

    def _as_map(self, module: torch.nn.Module, output: Any, path: str) -> torch.Tensor:
        """A map, channels last if timm says so, (B, prefix + H W, C) tokens or (B, D): as (B, C, H, W)."""
        dimensions = output.ndim if isinstance(output, torch.Tensor) else 0
        if dimensions == 2:
            found = output[:, :, None, None]
        elif dimensions == 3 and self._grid:
            height, width = self._grid
            patches = output[:, -height * width :]
            found = patches.reshape(output.shape[0], height, width, output.shape[2]).permute(0, 3, 1, 2)
        elif dimensions == 4:
            form = getattr(module, "output_fmt", getattr(self.model, "output_fmt", None))
            found = output.permute(0, 3, 1, 2) if form == "NHWC" else output
        else:
            raise BadRecipe(f"The layer '{path}' gives neither a feature map, nor patches, nor a vector.")
        # copied, since a function in the network may yet overwrite it
        own: torch.Tensor = found.relu() if self.relu else found.clone()
        return own


def build(backbone: Backbone) -> Network:
    """Load a network with its weights, ready to run on the CPU in float32."""
    weights = locate(backbone)
    made = weights.path is not None or weights.name.partition(":")[0] == "random"
    if weights.name.partition(":")[0] == "random":
        _seed(backbone, weights.name)
    model, mean, deviation = _made(backbone, "" if made else weights.name)
    loaded = _tensors.load(model, weights.path) if weights.path else None
    module = _Layers(model, backbone, mean, deviation).eval().requires_grad_(False)
    smallest = _smallest(module, backbone.network)
    if weights.path and loaded:
        _tensors.check(model, lambda: module.sound(smallest), loaded, weights.path)
    elif not module.sound(smallest):
        raise NetworkUnavailable(
            f"The weights '{weights.name}' of {backbone.network} hold no numbers for the layers asked for."
        )
    return Network(module, weights.key if weights.path else _digest(model), smallest)


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


def _smallest(module: _Layers, network: str) -> int:
    """The least side of an image that the network takes, in pixels: between those it does and does not."""
    enough = next((side for side in SIDES if module.runs(side)), None)
    if enough is None:
        raise BadRecipe(f"{network} takes images of one size alone, and photos come in all sizes.")
    least = range(1, enough + 1)
    return least[bisect.bisect_left(least, True, key=module.runs)]


def _whole_window(pool: torch.nn.MaxPool2d | torch.nn.AvgPool2d, inputs: tuple[torch.Tensor]) -> None:
    """A window that is larger than its map, where rounding up allows it, is more than OpenVINO takes."""
    windows, borders = (np.broadcast_to(value, 2).tolist() for value in (pool.kernel_size, pool.padding))
    for size, window, border in zip(inputs[0].shape[2:], windows, borders, strict=True):
        if size + 2 * border < window:
            raise ValueError("the image is too small")


def _channels(values: Sequence[float]) -> torch.Tensor:
    return torch.tensor(values).reshape(1, 3, 1, 1)


def _digest(model: torch.nn.Module) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()
