"""What a run leaves to be used: a recipe, its weights and its parameters."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save

from resight.codec import toml_value
from resight.errors import StorageFailed
from resight.files import write_whole
from resight.parts import Part
from resight.recipe import Recipe
from resight.trainer.model import Model
from resight.trainer.plan import Plan

HALF = torch.float16


def write_recipe(
    folder: Path, name: str, recipe: Recipe, model: Model, numbers: list[int], plan: Plan, half: bool = False
) -> Recipe:
    """Write `recipe.toml` and its files into a folder; the recipe as it is read back.

    `numbers`: which part of the recipe each part of the model is. With a head of the plan's own, the recipe's
    steps stay as they were, and are fitted on each gallery; else what was learnt of them is written too.
    `half` writes weights in half the bytes (float16).
    """
    weights: dict[tuple[str, str], str] = {}
    for number, (backbone, network) in enumerate(model.built.items()):
        file = "network.safetensors" if not number else f"network-{number + 1}.safetensors"
        weights[backbone.network, backbone.weights] = file
        _write(folder / file, _used(network.module, half))
    learnt = ""
    if not plan.head:
        learnt = "parameters.safetensors"
        _write(folder / learnt, _renamed(model, numbers))
    parts = tuple(_with(part, weights) for part in recipe.parts)
    trained = dataclasses.replace(recipe, name=name, parts=parts, parameters=learnt)
    put(folder / "recipe.toml", to_toml(trained.as_dict()).encode())
    return Recipe.load(str(folder / "recipe.toml"))


def _with(part: Part, weights: Mapping[tuple[str, str], str]) -> Part:
    file = weights.get((part.backbone.network, part.backbone.weights))
    return (
        dataclasses.replace(part, backbone=dataclasses.replace(part.backbone, weights=file)) if file else part
    )


def _used(layers: Any, half: bool) -> dict[str, torch.Tensor]:
    """The tensors of the modules that run before the deepest layer asked for.

    Vectors, such as variances that are nearly zero, keep their precision: they take little room.
    """
    ran: set[str] = set()
    hooks = [
        part.register_forward_pre_hook(lambda *_, name=name: ran.add(name))
        for name, part in layers.model.named_modules()
    ]
    with torch.no_grad():
        layers(layers.blank(64, 64))
    for hook in hooks:
        hook.remove()
    return {
        name: tensor.detach().cpu().to(HALF if half and tensor.ndim > 1 else tensor.dtype)
        for name, tensor in layers.model.state_dict().items()
        if name.rpartition(".")[0] in ran and not name.endswith("num_batches_tracked")
    }


def _renamed(model: Model, numbers: list[int]) -> dict[str, torch.Tensor]:
    """What was learnt of the steps, under the names that they have in the whole recipe."""
    found = {}
    for step, own in model.values.items():
        first, _, rest = step.partition(".")
        here = int(first.removeprefix("part")) - 1 if first.startswith("part") else 0
        rest = rest if first.startswith("part") else step
        if first == "weights":
            continue  # of parts that may not all have been here: it is fitted on the gallery
        there = numbers[here]
        for key, value in own.items():
            found[f"part{there + 1}.{rest}/{key}" if there else f"{rest}/{key}"] = value.detach().cpu()
    return found


def _write(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    put(path, save({name: tensor.contiguous() for name, tensor in tensors.items()}))


def put(path: Path, data: bytes) -> None:
    """Write a file whole; raises StorageFailed."""
    try:
        write_whole(path, [data], sync=os.fsync)
    except OSError as error:
        raise StorageFailed(f"{path} cannot be written: {error.strerror}.") from None


def to_toml(values: Mapping[str, Any]) -> str:
    """Plain values as TOML: tables in lines of their own, a list of parts as `[[parts]]`."""
    lines = [f"{key} = {toml_value(value)}" for key, value in values.items() if key != "parts"]
    for part in values.get("parts", ()):
        lines += ["", "[[parts]]", *(f"{key} = {toml_value(value)}" for key, value in part.items())]
    return "\n".join(lines) + "\n"
