"""All that a run needs to go on as if it had never stopped: one file, written whole."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from resight.errors import BadPlan, StorageFailed
from resight.files import write_whole

FORMAT = "1"


@dataclass
class Place:
    """The next thing to do: which phase, epoch, round of mining and batch of it; and steps done in the phase.

    `total` are the steps of all phases, `piece` the pictures
    whose gradients are taken at once. `best` is the best validation so far, at the step `best_at`.
    """

    phase: int = 0
    epoch: int = 0
    batch: int = 0
    step: int = 0
    total: int = 0
    validated: int = 0
    piece: int = 0
    best: float = -1.0
    best_at: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class State:
    """What a checkpoint holds: where the run is, tensors by name, and the settings of the optimiser."""

    place: Place
    tensors: Mapping[str, torch.Tensor]
    groups: list[dict[str, Any]] = field(default_factory=list)
    run: str = ""


def write(path: Path, state: State) -> None:
    """Replace the checkpoint; the one before stays until the new one is on the disk. Raises StorageFailed."""
    told = {
        "format": FORMAT,
        "run": state.run,
        "place": json.dumps(dataclasses.asdict(state.place)),
        "groups": json.dumps(state.groups),
    }
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.tensors.items()}
    try:
        write_whole(path, [save(tensors, metadata=told)], sync=os.fsync)
    except OSError as error:
        raise StorageFailed(
            f"The checkpoint {path} cannot be written ({error.strerror}): the one before is whole."
        ) from None


def read(path: Path, run: str) -> State:
    """Raises BadPlan where it is of a run with other settings or photos, or cannot be read."""
    try:
        with safe_open(path, framework="pt") as file:
            told = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if told.get("format") != FORMAT:
            raise BadPlan(f"The checkpoint {path} is of another version of Resight: start the run anew.")
        place = Place(**json.loads(told["place"]))
        groups = json.loads(told["groups"])
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise BadPlan(f"The checkpoint {path} cannot be read: {error}.") from None
    if told["run"] != run:
        raise BadPlan(
            f"The run in {path.parent.parent} is one of another recipe, plan, data or seed: go on with what "
            "it was begun with, or name a new folder with --out."
        )
    return State(place, tensors, groups, run)


def flat(optimiser: torch.optim.Optimizer) -> tuple[dict[str, torch.Tensor], list[dict[str, Any]]]:
    """What an optimiser remembers as tensors by name, and its settings."""
    state = optimiser.state_dict()
    tensors = {
        f"{number}.{key}": value if isinstance(value, torch.Tensor) else torch.tensor(value)
        for number, own in state["state"].items()
        for key, value in own.items()
        if value is not None
    }
    return tensors, state["param_groups"]


def restore(
    optimiser: torch.optim.Optimizer, tensors: Mapping[str, torch.Tensor], groups: list[dict[str, Any]]
) -> None:
    """Put back what `flat` gave."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in tensors.items():
        number, _, key = name.partition(".")
        state.setdefault(int(number), {})[key] = value
    optimiser.load_state_dict({"state": state, "param_groups": groups})
