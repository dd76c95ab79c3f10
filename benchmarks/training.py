"""Pictures a second in training, in turn: results/training_speed.csv.

- trained: steps of the plan `without-labels`, views made in threads beside them;
- bare: forward and backward of the same model, loss and sizes, on pictures that are ready in memory;
- plain: the loop of tutorials, in a process of its own: float32, the whole network in training mode, the same
  views made in order.
Medians of interleaved rounds; a first round is not counted.
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
from resight.trainer.sources import Pictures
from resight.trainer.starting import first_parameters, trained_parts
from resight.trainer.stepping import backward
from shared_data import shared_data


class Silently:
    """Told of each step, and says nothing."""

    def step(self, *_: object) -> None:
        """Nothing."""

    def validate(self, *_: object) -> None:
        """Nothing."""


def main() -> None:
    """Measure, print, and write the row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=600)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--steps", type=int, default=8, help="a turn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--plain", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    data = shared_data()
    if data is None:
        sys.exit("The shared data is absent (RESIGHT_TEST_DATA): nothing is measured.")
    paths = sorted(str(path.relative_to(data)) for path in (data / "groceries").rglob("*.jpg"))[
        : asked.photos
    ]
    photos = Photos(data, tuple(paths), np.arange(len(paths)))
    plan = plans.load("without-labels")
    changes = {"batch": asked.batch, "size": asked.size, "steps": asked.steps, "warmup": 0}
    phase = msgspec.structs.replace(plan.phases[0], **changes)
    plan = msgspec.structs.replace(plan, phases=(phase,))
    if asked.plain:
        serve(plain(photos, plan))
        return
    keep_memory()
    parts = trained_parts(Recipe.load("rmac-pairs"), plan)
    model = Model([part for _, part in parts], first_parameters(parts, {}, photos, Silent()), True)
    source = Pictures(photos, model)
    line = [sys.executable, __file__, *sys.argv[1:], "--plain"]
    server = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    ways = {"trained": trained(source, plan), "bare": bare(source, plan), "plain": asking(server)}
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for round_ in range(asked.rounds + 1):
        for name in list(ways) if round_ % 2 else list(ways)[::-1]:
            begun = time.perf_counter()
            pictures = ways[name]()
            if round_:
                rates[name].append(pictures / (time.perf_counter() - begun))
    server.communicate()
    found = {name: statistics.median(own) for name, own in rates.items()}
    row = {
        "network": "efficientnet-lite0",
        "size": asked.size,
        "pictures": 2 * asked.batch,
        "rounds": asked.rounds,
    }
    row |= {f"{name}_a_second": f"{rate:.1f}" for name, rate in found.items()}
    row |= {
        "of_bare": f"{found['trained'] / found['bare']:.3f}",
        "of_plain": f"{found['trained'] / found['plain']:.2f}",
    }
    record("training_speed", row, ("network", "size", "pictures"))
    sys.stdout.write(f"{row}\n")


def serve(turn: Callable[[], int]) -> None:
    """For each line of the standard input a turn, and its pictures as a line."""
    for _ in sys.stdin:
        sys.stdout.write(f"{turn()}\n")
        sys.stdout.flush()


def asking(server: subprocess.Popen[str]) -> Callable[[], int]:
    """A turn of another process."""
    if server.stdin is None or server.stdout is None:
        sys.exit("The other process has no pipes.")
    given, taken = server.stdin, server.stdout

    def turn() -> int:
        given.write("\n")
        given.flush()
        return int(taken.readline())

    return turn


def trained(source: Pictures, plan: plans.Plan) -> Callable[[], int]:
    """A turn of the loop itself, with its optimiser; pictures are those of all steps."""
    phase = plan.phases[0]

    def turn() -> int:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "last.safetensors"
            Loop(source, plan, path, "", Silently(), Silent(), Processes(), 1e9)()
        return phase.steps * phase.batch * phase.each

    return turn


def bare(source: Pictures, plan: plans.Plan) -> Callable[[], int]:
    """Forward and backward alone, of as many pictures."""
    phase, photos, model = plan.phases[0], source.photos, source.model
    shots = next(batches(photos, phase, (0,)))
    pictures = torch.from_numpy(np.stack([source.shown(phase, shot) for shot in shots]))
    labels = torch.from_numpy(photos.classes[[shot.photo for shot in shots]])
    loss = methods.find("losses", phase.loss)

    def turn() -> int:
        choose(model, phase)
        for _ in range(phase.steps):
            backward(model, pictures, lambda rows: loss(rows, labels), source.piece(phase))
            model.zero_grad(set_to_none=True)
        return phase.steps * len(pictures)

    return turn


def plain(photos: Photos, plan: plans.Plan) -> Callable[[], int]:
    """Everything learns, in float32, and pictures are made one after the other before each step."""
    phase, loss = plan.phases[0], methods.find("losses", plan.phases[0].loss)
    backbone = Recipe.load("rmac-pairs").first.backbone
    module = build(backbone).module.train().requires_grad_(True)
    optimiser = torch.optim.AdamW(module.parameters(), lr=phase.rate)
    source = Pictures(photos, None)

    def turn() -> int:
        wanted = batches(photos, phase, (0,))
        done = 0
        for _, shots in zip(range(phase.steps), wanted, strict=False):
            pictures = torch.from_numpy(np.stack([source.shown(phase, shot) for shot in shots]))
            labels = torch.from_numpy(photos.classes[[shot.photo for shot in shots]])
            rows = torch.nn.functional.normalize(
                module(pictures)[0].clamp(min=1e-6).pow(3).mean((2, 3)).pow(1 / 3)
            )
            optimiser.zero_grad()
            loss(rows, labels).backward()
            optimiser.step()
            done += len(shots)
        return done

    return turn


if __name__ == "__main__":
    main()
