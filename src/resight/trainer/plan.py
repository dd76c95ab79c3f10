"""How a recipe is trained, as data: phases one after the other, read from a TOML file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import msgspec

from resight import methods, places
from resight.errors import BadPlan, ResightError
from resight.parts import FULL, SHORT

FOLDER = Path(__file__).parent / "plans"
PRECISIONS = ("auto", FULL, SHORT)
TRAINS = ("all", "head")
OPTIMISERS = ("sgd", "adam", "adamw")
STARTS = ("xavier", "whitening")
SCHEDULES = ("cosine", "constant", "linear")
VIEWS = (
    "warp", "turn", "clutter", "gamma", "brightness", "channels", "contrast", "saturation", "glare",
    "shrink", "blur", "jpeg",
)  # fmt: skip


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands in the place of a recipe's own steps while it trains, and is thrown away after it."""

    regions: str = "whole"
    pooling: str = "gem-channels"
    each: tuple[str, ...] = ("l2",)
    gather: str = "sum"
    join: tuple[str, ...] = ()
    post: tuple[str, ...] = ("l2",)


class Phase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One stretch of training with one loss.

    A batch has `batch` things and `each` pictures of a thing: other photos of its class where there are
    labels, else synthetic views of the one photo. For a loss of triplets it has `batch` triplets, which
    `mining` finds among `pool` photos (0: all), anew after every `mine_every` batches (0: each epoch).
    `mates` is the share of such other photos, where there are any; the rest are views of the photo itself.
    `size` is the side of the squares that pictures become, or their width and height. `steps` are those of
    the optimiser, each after `accumulate` batches; without them it is `epochs` that count.
    `rate` is the learning rate of the network, `head_rate` of all else (0: the same), after `warmup` steps;
    `momentum` is that of SGD. `frozen` names modules of the network, and steps such as `pooling`, that keep
    their values.
    """

    loss: str
    mining: str = ""
    pool: int = 0
    mine_every: int = 0
    batch: int = 64
    each: int = 2
    mates: float = 1.0
    size: int | tuple[int, int] = 224
    epochs: int = 1
    steps: int = 0
    accumulate: int = 1
    optimiser: str = "adamw"
    rate: float = 1e-4
    head_rate: float = 0.0
    weight_decay: float = 1e-4
    momentum: float = 0.9
    schedule: str = "cosine"
    warmup: int = 0
    trains: str = "all"
    frozen: tuple[str, ...] = ()
    transforms: tuple[str, ...] = VIEWS


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name, what is trained, and the phases.

    `labels`: whether photos of one class are pictures of one thing; without them each photo is a class.
    `frozen`: the network keeps its weights, what it gives is described once, and a linear layer of `dims`
    learns, which starts at random (`xavier`) or as PCA-whitening (`whitening`).
    `validate`: at least so many steps between two validations.
    """

    phases: tuple[Phase, ...]
    name: str = ""
    labels: bool = True
    frozen: bool = False
    head: Head | None = None
    dims: int = 0
    start: str = "xavier"
    precision: str = "auto"
    validate: int = 100
    seed: int = 0

    def check(self) -> None:
        """Raise BadPlan, BadSetting or UnknownMethod for what cannot be trained by."""
        if not self.phases:
            raise BadPlan("A plan has at least one phase: [[phases]].")
        _one_of("precision", self.precision, PRECISIONS)
        _one_of("start", self.start, STARTS)
        for phase in self.phases:
            _check(phase)


def _check(phase: Phase) -> None:
    loss = methods.find("losses", phase.loss)
    takes = loss.says.get("TAKES")
    if (takes == "triplets") != bool(phase.mining):
        raise BadPlan(
            f"The loss '{loss.name}' takes triplets: say with 'mining' how they are found."
            if takes == "triplets"
            else f"The loss '{loss.name}' takes no triplets, so there is nothing for 'mining' to find."
        )
    _try(phase)
    for text in phase.transforms:
        methods.find("transforms", text)
    _one_of("optimiser", phase.optimiser, OPTIMISERS)
    _one_of("schedule", phase.schedule, SCHEDULES)
    _one_of("trains", phase.trains, TRAINS)
    counts = {
        "batch": phase.batch,
        "each": phase.each,
        "accumulate": phase.accumulate,
        "epochs": phase.epochs,
    }
    for name, value in counts.items():
        if value < 1:
            raise BadPlan(f"A phase's '{name}' is 1 or more, not {value}.")
    if min(shape(phase)) < 32 or max(shape(phase)) > 2048:
        raise BadPlan(f"A phase's 'size' is 32 to 2048 pixels, not {phase.size}.")


def _try(phase: Phase) -> None:
    """Call what a phase names once, so that a wrong setting is told before the work."""
    import numpy as np
    import torch

    rows, labels = np.eye(4, dtype=np.float32), np.array([0, 0, 1, 1])
    loss, triplets = methods.find("losses", phase.loss), np.array([[0, 1, 2]])
    if phase.mining:
        methods.find("mining", phase.mining)(rows, labels, np.random.default_rng(0))
    given = {"labels": (labels,), "triplets": (triplets,), "classes": (labels, rows[:2])}
    loss(torch.from_numpy(rows), *map(torch.from_numpy, given[loss.says["TAKES"]]))


def shape(phase: Phase) -> tuple[int, int]:
    """Height and width of a phase's pictures in pixels."""
    if isinstance(phase.size, int):
        return phase.size, phase.size
    return phase.size[1], phase.size[0]


def pictures(phase: Phase) -> int:
    """Pictures of a whole batch of a phase."""
    return phase.batch * (3 if phase.mining else phase.each)


def load(name: str) -> Plan:
    """A shipped plan by its name, or one from a TOML file by its path."""
    path = places.shipped("training plan", name, FOLDER)
    try:
        read: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf8"))
        plan = msgspec.convert({"name": path.stem} | read, Plan)
        plan.check()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BadPlan(f"The plan {path} cannot be read: {error}.") from None
    except ResightError as error:
        raise BadPlan(f"The plan {path.name} cannot be used: {error}") from None
    return plan


def names() -> list[str]:
    """The plans that ship with Resight."""
    return places.names_in(FOLDER)


def _one_of(where: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise BadPlan(f"'{where}' is one of {', '.join(known)}, not '{value}'.")
