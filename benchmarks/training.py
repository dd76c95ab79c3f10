"""Pictures a second in training, in turn: results/training_speed.csv.

- trained: steps of the plan `without-labels` in the precision of this machine, views made in threads;
- bare: forward and backward of the same model, loss and sizes, on pictures that are ready in memory;
- plain: the loop of tutorials, in a process of its own: float32, the whole network in training mode, the
  same views made in order.
A turn is one step more than is timed: the first has what a run does once. Medians of interleaved rounds; a
first round is not counted.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import torch

from record import record
from resight import methods
from resight.backbones._network import build
from resight.progress import Silent
from resight.recipe import Recipe
from resight.trainer import plan as plans
from resight.trainer.loop import Loop
from resight.trainer.memory import keep_memory
from resight.trainer.model import Model
from resight.trainer.optimising import choose
from resight.trainer.pictures import Photos, batches
from resight.trainer.processes import Processes
from resight.trainer.run import is_short
from resight.trainer.sources import Pictures
from resight.trainer.starting import first_parameters, trained_parts
from resight.trainer.stepping import backward
from shared_data import needed_data

Turn = Callable[[], float]  # seconds of the steps that are timed


class Silently:
    """Told of each step, and says nothing; `ended` are the seconds when steps ended."""

    def __init__(self) -> None:
        self.ended: list[float] = []

    def step(self, *_: object) -> None:
        """One step is done."""
        self.ended.append(time.perf_counter())

    def validate(self, *_: object) -> None:
        """Nothing."""


def main() -> None:
    """Measure, print, and write the row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=600)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--steps", type=int, default=8, help="that are timed in a turn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--plain", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    data = needed_data()
    paths = sorted(str(path.relative_to(data)) for path in (data / "groceries").rglob("*.jpg"))[
        : asked.photos
    ]
    photos = Photos(data, tuple(paths), np.arange(len(paths)))
    plan = plans.load("without-labels")
    changes = {"batch": asked.batch, "size": asked.size, "steps": asked.steps + 1, "warmup": 0}
    phase = msgspec.structs.replace(plan.phases[0], **changes)
    plan = msgspec.structs.replace(plan, phases=(phase,))
    if asked.plain:
        serve(plain(photos, plan))
        return
    keep_memory()
    parts = trained_parts(Recipe.load("rmac-pairs"), plan)
    short = is_short(plan)
    model = Model([part for _, part in parts], first_parameters(parts, {}, photos, Silent()), short)
    source = Pictures(photos, model)
    line = [sys.executable, __file__, *sys.argv[1:], "--plain"]
    server = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    ways = {"trained": trained(source, plan), "bare": bare(source, plan), "plain": asking(server)}
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for round_ in range(asked.rounds + 1):
        for name in list(ways) if round_ % 2 else list(ways)[::-1]:
            seconds = ways[name]()
            if round_:
                rates[name].append(2 * asked.batch * asked.steps / seconds)
    server.communicate()
    found = {name: statistics.median(own) for name, own in rates.items()}
    row = {
        "network": "efficientnet-lite0",
        "size": asked.size,
        "pictures": 2 * asked.batch,
        "rounds": asked.rounds,
        "precision": "bf16" if short else "f32",
    }
    row |= {f"{name}_a_second": f"{rate:.1f}" for name, rate in found.items()}
    row |= {
        "of_bare": f"{found['trained'] / found['bare']:.3f}",
        "of_plain": f"{found['trained'] / found['plain']:.2f}",
    }
    record("training_speed", row, ("network", "size", "pictures", "precision"))
    sys.stdout.write(f"{row}\n")


def serve(turn: Turn) -> None:
    """For each line of the standard input a turn, and its seconds as a line."""
    for _ in sys.stdin:
        sys.stdout.write(f"{turn()}\n")
        sys.stdout.flush()


def asking(server: subprocess.Popen[str]) -> Turn:
    """A turn of another process."""
    if server.stdin is None or server.stdout is None:
        sys.exit("The other process has no pipes.")
    given, taken = server.stdin, server.stdout

    def turn() -> float:
        given.write("\n")
        given.flush()
        return float(taken.readline())

    return turn


def trained(source: Pictures, plan: plans.Plan) -> Turn:
    """A turn of the loop itself, with its optimiser."""

    def turn() -> float:
        told = Silently()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "last.safetensors"
            Loop(source, plan, path, "", told, Silent(), Processes(), 1e9)()
        return told.ended[-1] - told.ended[0]

    return turn


def bare(source: Pictures, plan: plans.Plan) -> Turn:
    """Forward and backward alone, of as many pictures."""
    phase, photos, model = plan.phases[0], source.photos, source.model
    shots = next(batches(photos, phase, (0,)))
    pictures = torch.from_numpy(np.stack([source.shown(phase, shot) for shot in shots]))
    labels = torch.from_numpy(photos.classes[[shot.photo for shot in shots]])
    loss, piece = methods.find("losses", phase.loss), source.piece(phase)

    def turn() -> float:
        told = Silently()
        choose(model, phase)
        for _ in range(phase.steps):
            backward(model, pictures, lambda rows: loss(rows, labels), piece)
            model.zero_grad(set_to_none=True)
            told.step()
        return told.ended[-1] - told.ended[0]

    return turn


def plain(photos: Photos, plan: plans.Plan) -> Turn:
    """Everything learns, in float32, and pictures are made one after the other before each step."""
    phase, loss = plan.phases[0], methods.find("losses", plan.phases[0].loss)
    backbone = Recipe.load("rmac-pairs").first.backbone
    module = build(backbone).module.train().requires_grad_(True)
    optimiser = torch.optim.AdamW(module.parameters(), lr=phase.rate)
    source = Pictures(photos, None)

    def turn() -> float:
        wanted, told = batches(photos, phase, (0,)), Silently()
        for _, shots in zip(range(phase.steps), wanted, strict=False):
            pictures = torch.from_numpy(np.stack([source.shown(phase, shot) for shot in shots]))
            labels = torch.from_numpy(photos.classes[[shot.photo for shot in shots]])
            rows = torch.nn.functional.normalize(
                module(pictures)[0].clamp(min=1e-6).pow(3).mean((2, 3)).pow(1 / 3)
            )
            optimiser.zero_grad()
            loss(rows, labels).backward()
            optimiser.step()
            told.step()
        return told.ended[-1] - told.ended[0]

    return turn


if __name__ == "__main__":
    main()
