"""One run: its photos, its names, and what it is told while it trains."""

from __future__ import annotations

import functools
import hashlib
import json
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch

from resight.backbones._weights import locate
from resight.dataset import Dataset
from resight.describing.learnt import learnt
from resight.engines import _device
from resight.evaluator import score_vectors
from resight.methods import pack, unpack
from resight.parts import SHORT
from resight.progress import Progress
from resight.recipe import Recipe
from resight.trainer import checkpoint
from resight.trainer.checkpoint import Place
from resight.trainer.describing import describe
from resight.trainer.forecast import forecast
from resight.trainer.leaving import put, to_toml
from resight.trainer.loop import Loop
from resight.trainer.model import Model
from resight.trainer.pictures import Photos, steps_of
from resight.trainer.plan import Plan
from resight.trainer.processes import Processes
from resight.trainer.sources import Pictures, Source
from resight.trainer.starting import first_parameters, split, trained_parts
from resight.trainer.telling import Log
from resight.trainer.watching import Measures

LAST, BEST = "last.safetensors", "best.safetensors"


def is_short(plan: Plan) -> bool:
    """Whether the networks of a plan compute in bf16 on this machine."""
    if plan.precision == "auto":
        return _device.has_gpu() or _device.cpu_has_bf16()
    return plan.precision == SHORT


class Run:
    """What a run is made of, and whom its loop tells of steps and validations."""

    def __init__(
        self, recipe: Recipe, data: Dataset | str, folder: Path, plan: Plan, hold: float,
        processes: Processes, progress: Progress,
    ) -> None:  # fmt: skip
        self.recipe, self.folder, self.plan = recipe, folder, plan
        self.processes, self.progress = processes, progress
        self.split = split(data, plan.labels, hold, folder / "held", progress)
        self.numbers = [number for number, _ in trained_parts(recipe, plan)] if not plan.frozen else []

    def loop(self, source: Source) -> Loop:
        """The phases over a source, from the last checkpoint on; the log is opened there."""
        path = self.folder / "checkpoint" / LAST
        loop = Loop(source, self.plan, path, self.identity, self, self.progress, self.processes)
        self.source = source
        self.log = Log(self.folder, loop.place.total, self.progress)
        self._begun = time.monotonic() - loop.place.seconds
        self.progress.start("Training", (self._steps() - loop.place.total) or None)
        return loop

    def take_best(self, model: torch.nn.Module) -> None:
        """Give the model the values that did best on held photos."""
        best = self.folder / "checkpoint" / BEST
        if best.exists():
            state = checkpoint.read(best, self.identity)
            with torch.no_grad():
                for name, each in model.named_parameters():
                    each.copy_(state.tensors[f"model.{name}"])

    @functools.cached_property
    def identity(self) -> str:
        """What a checkpoint must agree with: recipe, plan, photos and number of processes."""
        photos = self.split.photos
        told = [
            self.recipe.sentence(), learnt(self.recipe).digest, msgspec.json.encode(self.plan).decode(),
            photos.paths, photos.classes.tolist(), self.processes.count,
            [locate(backbone).key for backbone in self.recipe.backbones],
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]

    def step(self, place: Place, measures: Measures, pictures: int) -> None:
        """Told by the loop: one step is done."""
        place.seconds = time.monotonic() - self._begun
        if self.processes.is_first:
            self.log.step(place, measures, pictures * self.processes.count)

    def validate(self, place: Place) -> None:
        """Told by the loop: measure the held photos, and keep the model if it is the best so far."""
        held = self.split.held
        if held is None or self.plan.frozen:
            return
        photos = Photos(held.root, held.photos, np.zeros(len(held.photos), np.int64))
        phase = self.plan.phases[min(place.phase, len(self.plan.phases) - 1)]
        source = Pictures(photos, self.source.model)
        vectors = describe(source, phase, np.arange(len(photos)), self.processes)
        value = score_vectors(held, list(vectors)).means["map"]
        if value > place.best:
            place.best, place.best_at = value, place.total
            if self.processes.is_first:
                tensors = {f"model.{name}": each for name, each in self.source.model.named_parameters()}
                path = self.folder / "checkpoint" / BEST
                checkpoint.write(path, checkpoint.State(place, tensors, [], self.identity))
        if self.processes.is_first:
            self.log.validated(place, "map", value)

    def first_parameters(self) -> dict[str, dict[str, Any]]:
        """Fitted once a run: a run that goes on takes what it began with."""
        from safetensors.numpy import load_file, save

        path = self.folder / "checkpoint" / "first.safetensors"
        if not path.exists():
            given = learnt(self.recipe).parameters if not self.plan.head else {}
            parts = trained_parts(self.recipe, self.plan)
            found = first_parameters(parts, given, self.split.photos, self.progress)
            put(path, save({name: np.ascontiguousarray(array) for name, array in pack(found).items()}))
        return unpack(load_file(path))

    def _steps(self) -> int:
        """Steps of all phases, where that is known before."""
        return sum(steps_of(phase, self.split.photos, self.processes.count) for phase in self.plan.phases)

    def tell_plan(self, model: Model) -> None:
        """Say what the run will take."""
        if not self.processes.is_first:
            return
        photos, held = self.split.photos, self.split.held
        aside = f"{len(held.photos)} photos are held out" if held else "too few photos to hold any out"
        self.progress.say(
            f"{len(photos)} photos of {int(photos.classes.max()) + 1} things to train on; {aside}"
        )
        for line in forecast(model, self.plan, photos, self.processes.count):
            self.progress.say(line)

    def plan_text(self) -> str:
        """The plan as TOML."""
        values = msgspec.to_builtins(self.plan)
        head = {"head": values.pop("head")} if values.get("head") else {}
        values.pop("head", None)
        phases = values.pop("phases")
        text = to_toml(values | head)
        return text + "".join("\n[[phases]]\n" + to_toml(phase) for phase in phases)
