"""Layers by the names of the papers, read from the structure of a network: `conv5_2`, `fire9`, `3a`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from resight.errors import BadRecipe

if TYPE_CHECKING:
    import torch

STEPS = {"Conv2d": "conv", "Linear": "fc", "Fire": "fire", "MaxPool2d": "pool"}
CLASS_TOKEN = "cls"
STAGES = ("layer1", "layer2", "layer3", "layer4")


@dataclass(frozen=True)
class Layer:
    """The module path that owns the tensors, and the one whose output the name means: its ReLU, if any."""

    module: str
    output: str


def known(model: torch.nn.Module) -> dict[str, Layer]:
    """The papers' names of a network's layers, from the bottom up; empty where they have none."""
    return _chain(model) | _inside(model) | _stages(model)


def output_path(model: torch.nn.Module, layer: str) -> str:
    """The path of the module whose output a layer's name means; a module path means itself."""
    names, paths = known(model) | _class_token(model), {path for path, _ in model.named_modules() if path}
    if layer in names:
        return names[layer].output
    if layer not in paths:
        near = [path for path, _ in model.named_children()] if names else []
        near = [*names, *near] or sorted(path for path in paths if path.count(".") <= 1)
        raise BadRecipe(f"The network has no layer '{layer}'. Known: {', '.join(near)}, and those inside.")
    return layer


def _class_token(model: torch.nn.Module) -> dict[str, Layer]:
    """`cls` for the class token of a vision transformer, as it leaves the last norm."""
    holders = [model, *(part for name, part in model.named_children() if name == "embeds")]
    tokens = [getattr(holder, name, None) for holder in holders for name in ("cls_token", "class_token")]
    paths = {path for path, _ in model.named_modules()}
    norm = next((path for path in ("norm", "encoder.ln") if path in paths), None)
    if norm is None or all(token is None or isinstance(token, bool) for token in tokens):
        return {}
    return {CLASS_TOKEN: Layer(norm, norm)}


def _chain(model: torch.nn.Module) -> dict[str, Layer]:
    """AlexNet and SqueezeNet number their steps (`pool2` follows step 2), VGG its blocks between poolings."""
    parts = [*_parts(model, "features"), *_parts(model, "classifier")]
    steps = [(path, type(part).__name__) for path, part in parts if path.rpartition(".")[2].isdigit()]
    if "Conv2d" not in [kind for _, kind in steps]:
        return {}
    blocks = type(model).__name__ == "VGG"
    found: dict[str, Layer] = {}
    number = within = 0
    for at, (path, kind) in enumerate(steps):
        if kind == "MaxPool2d":
            within = 0
        elif kind in STEPS:
            number += within == 0 or kind != "Conv2d"
            within += blocks and kind == "Conv2d"
        if kind in STEPS:
            name = f"{STEPS[kind]}{number}" + (f"_{within}" if blocks and kind == "Conv2d" else "")
            found[name] = Layer(path, _activated(steps, at))
    return found


def _activated(steps: list[tuple[str, str]], at: int) -> str:
    """The ReLU after a convolution or fully-connected step, normalised first or not; else the step itself."""
    if steps[at][1] in ("Conv2d", "Linear"):
        after = [step for step in steps[at + 1 : at + 3] if step[1] != "BatchNorm2d"]
        if after and after[0][1] == "ReLU":
            return after[0][0]
    return steps[at][0]


def _inside(model: torch.nn.Module) -> dict[str, Layer]:
    """`denseblock4` for DenseNet's `features.denseblock4`, `3a` for GoogLeNet's `inception3a`."""
    named = {path.rpartition(".")[2]: path for path, _ in _parts(model, "features")}
    mixed = {path.removeprefix("inception"): path for path, _ in model.named_children()}
    return {
        name: Layer(path, path)
        for name, path in (named | mixed).items()
        if name and name != path and not name.isdigit()
    }


def _stages(model: torch.nn.Module) -> dict[str, Layer]:
    """`conv2_x` to `conv5_x` for the four stages of a ResNet, whose first is called `layer1`."""
    if not all(hasattr(model, stage) for stage in STAGES):
        return {}
    return {f"conv{number}_x": Layer(stage, stage) for number, stage in enumerate(STAGES, start=2)}


def _parts(model: torch.nn.Module, room: str) -> list[tuple[str, torch.nn.Module]]:
    """The parts of one room of a network, with their paths."""
    found = dict(model.named_children()).get(room)
    return [(f"{room}.{name}", part) for name, part in found.named_children()] if found else []
