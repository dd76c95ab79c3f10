"""The tensors of a file into a network: PyTorch's, safetensors, or NumPy's in the layout of Keras."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from resight.backbones import _names
from resight.errors import NetworkUnavailable

if TYPE_CHECKING:
    import torch

COUNTER = "num_batches_tracked"  # of training alone
SIZE = re.compile(r"\d+x\d+$")
KERAS = {"kernel": "weight", "bias": "bias"}


@dataclass(frozen=True)
class Loaded:
    """What a file and a network do not share: `absent` there, or of another shape, and its `extra`."""

    absent: tuple[str, ...]
    extra: tuple[str, ...]


def load(model: torch.nn.Module, path: Path) -> Loaded:
    """By name; else in order where all shapes agree, as between two spellings of one network.

    What is absent becomes NaN, so that no map can come from it unnoticed.
    """
    import torch

    own = {name: tensor for name, tensor in model.state_dict().items() if not name.endswith(COUNTER)}
    given = _read(path, model)
    if set(given) != set(own) and [t.shape for t in given.values()] == [t.shape for t in own.values()]:
        given = dict(zip(own, given.values(), strict=True))
    absent = []
    with torch.no_grad():
        for name, tensor in own.items():
            if name in given and given[name].shape == tensor.shape:
                tensor.copy_(given[name])
            elif tensor.is_floating_point():
                tensor.fill_(torch.nan)
                absent.append(name)
    return Loaded(tuple(absent), tuple(name for name in given if name not in own))


def check(model: torch.nn.Module, maps: Callable[[], bool], loaded: Loaded, path: Path) -> None:
    """Raise NetworkUnavailable where the file lacks a tensor that the layers asked for need.

    `maps` runs the network up to those layers and says whether all their values are numbers. A tensor that
    the file has too many inside of a module that ran is the sign of another network, such as a deeper one.
    """
    began: set[str] = set()
    ended: set[str] = set()
    hooks: list[Any] = []
    for name, part in model.named_modules():
        hooks.append(part.register_forward_pre_hook(lambda *_, name=name: began.add(name)))
        hooks.append(part.register_forward_hook(lambda *_, name=name: ended.add(name), prepend=True))
    sound = maps()
    for hook in hooks:
        hook.remove()
    lacking = [] if sound else [name for name in loaded.absent if name.rpartition(".")[0] in began]
    beyond = [name for name in loaded.extra if _home(model, name) in ended]
    if not sound or beyond:
        needed = _some("the layers asked for need", lacking or ([] if sound else loaded.absent))
        what = "; ".join(filter(None, [needed, _some("nothing takes", beyond)]))
        raise NetworkUnavailable(f"The weights in {path} are of another network: {what}.")


def _some(what: str, names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{what} {', '.join(names[:3])}{more}" if names else ""


def _home(model: torch.nn.Module, name: str) -> str:
    """The nearest module of the network that a tensor's name stands in."""
    modules = dict(model.named_modules())
    while name not in modules:
        name = name.rpartition(".")[0]
    return name


def _read(path: Path, model: torch.nn.Module) -> dict[str, torch.Tensor]:
    import torch

    try:
        if path.suffix == ".npz":
            found: dict[str, Any] = _read_keras(path, model)
        elif path.suffix == ".safetensors":
            from safetensors.torch import load_file

            found = load_file(path)
        else:
            found = torch.load(path, map_location="cpu", weights_only=True)
            found = dict(found.get("state_dict", found))
    except Exception as error:  # zip, pickle and safetensors raise many kinds; each means one thing here
        raise NetworkUnavailable(f"The weights in {path} cannot be read: {error}") from None
    tensors = {name: value for name, value in found.items() if isinstance(value, torch.Tensor)}
    return {name: value for name, value in tensors.items() if not name.endswith(COUNTER)}


def _read_keras(path: Path, model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Convolutions: `BLOCK/.../kernel` (height, width, in, out) and `BLOCK/.../bias`, BLOCK being a layer."""
    import torch

    names, modules, found = _names.known(model), dict(model.named_modules()), {}
    with np.load(path, allow_pickle=False) as file:
        for key in file.files:
            block, *inside, kind = key.split("/")
            where = names[block].module if block in names else block
            for piece in inside:  # Caffe's `squeeze1x1` may be plain `squeeze` here
                inner = f"{where}.{piece}"
                where = inner if inner in modules else SIZE.sub("", inner)
            values = file[key]
            if kind == "kernel" and values.ndim == 4:
                values = values.transpose(3, 2, 0, 1)
            found[f"{where}.{KERAS.get(kind, kind)}"] = torch.from_numpy(np.ascontiguousarray(values))
    return found
