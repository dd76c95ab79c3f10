"""A network that stops after its highest layer asked for, and gives the output of each of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

import numpy as np
import torch

from resight.backbones import _names
from resight.backbones._axes import Form
from resight.errors import BadRecipe, ResightError
from resight.recipe import Backbone

CAFFE_MEAN = (103.939, 116.779, 123.68)  # blue, green, red, of 255; Caffe's models divide by nothing


_outputs: ContextVar[dict[str, torch.Tensor]] = ContextVar("outputs")  # of the run of this thread


class _Reached(Exception):
    """All layers asked for have answered; what stands above them need not run."""


class Layers(torch.nn.Module):
    """Pixels to the maps of the named layers; `forms` and `multiple` are measured after it is made."""

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
        self.forms: tuple[Form, ...] = ()
        self.multiple = 1
        for part in model.modules():
            if hasattr(part, "inplace"):  # it would overwrite a layer's map before it is read
                setattr(part, "inplace", False)  # noqa: B010
            if isinstance(part, torch.nn.MaxPool2d | torch.nn.AvgPool2d):
                part.register_forward_pre_hook(_whole_window)
        self.layout: torch.memory_format | None = None  # None: as the pixels come
        self.paths = tuple(_names.output_path(model, layer) for layer in self.layers)
        for path in dict.fromkeys(self.paths):
            model.get_submodule(path).register_forward_hook(self._keep(path))

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """(B, H, W, 3) uint8 -> one (B, C, H', W') float32 a layer."""
        height, width = pixels.shape[1:3]
        tall, wide = self._whole(height), self._whole(width)
        maps = []
        for form, output in zip(self.forms, self.outputs(pixels), strict=True):
            found = form.read(output, tall, wide)
            if self.multiple > 1:  # cells that lie in the padding alone are cut off
                rows = (found.shape[2] * height + tall - 1) // tall
                columns = (found.shape[3] * width + wide - 1) // wide
                found = found[:, :, :rows, :columns]
            maps.append(found.relu() if self.relu else found)
        return tuple(maps)

    def outputs(self, pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """(B, H, W, 3) uint8 -> the tensor of each layer, as the network has it."""
        channels = (pixels.flip(3) if self.caffe else pixels).permute(0, 3, 1, 2).float()
        channels = (channels - self.mean) / self.deviation
        if self.multiple > 1:
            height, width = channels.shape[2:]
            borders = (0, self._whole(width) - width, 0, self._whole(height) - height)
            channels = torch.nn.functional.pad(channels, borders)
        if self.layout is not None:
            channels = channels.contiguous(memory_format=self.layout)
        outputs: dict[str, torch.Tensor] = {}
        before = _outputs.set(outputs)
        try:
            with contextlib.suppress(_Reached):
                self.model(channels)
        finally:
            _outputs.reset(before)
        missing = [layer for layer, path in zip(self.layers, self.paths, strict=True) if path not in outputs]
        if missing:
            raise BadRecipe(f"When the network runs, it does not come to {', '.join(missing)}.")
        return tuple(outputs[path] for path in self.paths)

    def runs(self, height: int, width: int) -> bool:
        """Whether an image of this size gives outputs at all; a mistake in the recipe is raised."""
        try:
            with torch.inference_mode():
                return all(found.numel() for found in self.outputs(self.blank(height, width)))
        except ResightError:
            raise
        except Exception:  # whatever a network says to a size that it does not take
            return False

    def sound(self, side: int) -> bool:
        """Whether no value of the outputs is NaN, at a side that it takes."""
        with torch.inference_mode():
            return not any(bool(found.isnan().any()) for found in self.outputs(self.blank(side, side)))

    def blank(self, height: int, width: int) -> torch.Tensor:
        """(1, H, W, 3) uint8: a black image."""
        return torch.zeros(1, height, width, 3, dtype=torch.uint8, device=self.mean.device)

    def _whole(self, side: int) -> int:
        """A side once it is padded; what is divided is never negative, which converters round differently."""
        return (side + self.multiple - 1) // self.multiple * self.multiple

    def _keep(self, path: str) -> Callable[..., None]:
        def hook(module: torch.nn.Module, inputs: Any, output: Any) -> None:
            if not isinstance(output, torch.Tensor):
                raise BadRecipe(f"The layer '{path}' gives no tensor, but a {type(output).__name__}.")
            outputs = _outputs.get()
            if path not in outputs:  # a module that runs several times answers with its first run
                outputs[path] = output.clone()  # since a function in the network may yet overwrite it
            if len(outputs) == len(set(self.paths)):
                raise _Reached

        return hook


def _whole_window(pool: torch.nn.MaxPool2d | torch.nn.AvgPool2d, inputs: tuple[torch.Tensor]) -> None:
    """A window that is larger than its map, where rounding up allows it, is more than OpenVINO takes."""
    windows, borders = (np.broadcast_to(value, 2).tolist() for value in (pool.kernel_size, pool.padding))
    for size, window, border in zip(inputs[0].shape[2:], windows, borders, strict=True):
        if size + 2 * border < window:
            raise ValueError("the image is too small")


def _channels(values: Sequence[float]) -> torch.Tensor:
    return torch.tensor(values).reshape(1, 3, 1, 1)
