"""The phases of a plan, step by step, from wherever the last checkpoint stands."""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from resight import methods
from resight.progress import Progress, Stopped
from resight.trainer import checkpoint
from resight.trainer.checkpoint import Place, State
from resight.trainer.describing import describe
from resight.trainer.mined import batches_of, mined
from resight.trainer.optimising import choose, factor, optimiser
from resight.trainer.pictures import AHEAD, Pixels, Shot, batches, made
from resight.trainer.plan import Phase, Plan
from resight.trainer.processes import Processes
from resight.trainer.sources import Source
from resight.trainer.stepping import backward
from resight.trainer.watching import Measures, Watch, measured

SAVE_EVERY = 60.0  # seconds between two checkpoints
NONE = np.empty((0, 3), np.int64)


class Told(Protocol):
    """Whoever is told of each step, and measures the model now and then."""

    def step(self, place: Place, measures: Measures, pictures: int) -> None:
        """One step of the optimiser is done, on so many pictures."""
        ...

    def validate(self, place: Place) -> None:
        """It is time to measure the model; the place takes what was found."""
        ...


class Loop:
    """One run over the phases of a plan. `run` names recipe, plan, photos and seed: only its like goes on."""

    def __init__(
        self, source: Source, plan: Plan, path: Path, run: str, told: Told, progress: Progress,
        processes: Processes, save_every: float = SAVE_EVERY,
    ) -> None:  # fmt: skip
        self.source, self.plan, self.path, self.run = source, plan, path, run
        self.model, self.photos = source.model, source.photos
        self.told, self.progress, self.processes, self.save_every = told, progress, processes, save_every
        self.place, self._watch, self._saved = Place(), Watch(), time.monotonic()
        self._classes: torch.Tensor | None = None
        self._triplets = NONE
        self._optimiser: torch.optim.Optimizer | None = None
        self._state = checkpoint.read(path, run) if path.exists() else None
        if self._state:
            self._restore(self._state)

    def __call__(self) -> None:
        """Train to the end; raises Stopped, after a checkpoint, where that is asked for, and Collapsed."""
        place = self.place
        while place.phase < len(self.plan.phases):
            phase = self.plan.phases[place.phase]
            self._begin(phase)
            while not self._is_done(phase):
                self._run_epoch(phase)
                place.epoch, place.batch, self._triplets = place.epoch + 1, 0, NONE
                if self._is_done(phase) or place.step - place.validated >= self.plan.validate:
                    place.validated = place.step
                    self.told.validate(place)
            place.phase, place.epoch, place.step, place.validated, place.piece = place.phase + 1, 0, 0, 0, 0
            self._optimiser = self._classes = None
        self._save()

    def _is_done(self, phase: Phase) -> bool:
        return self.place.step >= phase.steps if phase.steps else self.place.epoch >= phase.epochs

    def _begin(self, phase: Phase) -> None:
        choose(self.model, phase)
        more = []
        if methods.find("losses", phase.loss).says["TAKES"] == "classes":
            drawn = self._draw_classes(phase) if self._classes is None else self._classes
            self._classes = torch.nn.Parameter(drawn)
            more = [self._classes]
        self._optimiser = optimiser(self.model, phase, more)
        if self._state and self._state.groups:
            checkpoint.restore(self._optimiser, _under(self._state.tensors, "optimiser."), self._state.groups)
        for group in self._optimiser.param_groups:
            group.setdefault("base", group["lr"])
        self._state = None

    def _draw_classes(self, phase: Phase) -> torch.Tensor:
        """(K, D): a random direction for each class, the same in every run of a seed."""
        generator = torch.Generator().manual_seed(self.plan.seed)
        with torch.no_grad():
            dims = self.model(torch.from_numpy(self.source.shown(phase, Shot(0, (0,)))[None])).shape[1]
        count = int(self.photos.classes.max()) + 1
        return torch.randn(count, dims, generator=generator).to(self.model.device)

    def _run_epoch(self, phase: Phase) -> None:
        """The batches of an epoch that are left, this process's share of them; each step waits for all."""
        # Kept with the run: sums in other pieces are other sums.
        piece = self.place.piece = self.place.piece or self.source.piece(phase)
        count, rank = self.processes.count, self.processes.rank
        together = phase.accumulate * count
        left = enumerate(itertools.islice(self._batches(phase), self.place.batch, None))
        own = (shots if number % count == rank else [] for number, shots in left)
        learnt: list[Measures] = []
        pending = pictures = 0
        ahead = 1 if self.model.device.type == "cpu" else AHEAD
        for shots, pixels in made(functools.partial(self.source.shown, phase), own, ahead):
            if shots:
                learnt.append(self._learn(phase, shots, pixels, piece, 1 / together))
            self.place.batch += 1
            pending, pictures = pending + 1, pictures + len(pixels)
            if pending == together:
                self._update(phase, learnt, pictures)
                learnt, pending, pictures = [], 0, 0
                if self._is_done(phase):
                    return
        if pending:
            self._update(phase, learnt, pictures)

    def _batches(self, phase: Phase) -> Iterator[list[Shot]]:
        seed = (self.plan.seed, self.place.phase, self.place.epoch)
        if not phase.mining:
            return batches(self.photos, phase, seed)
        if not len(self._triplets):
            describing = functools.partial(describe, self.source, phase, processes=self.processes)
            self._triplets = mined(self.photos, phase, describing, (*seed, 3))
        return batches_of(self._triplets, phase.batch, seed)

    def _learn(self, phase: Phase, shots: list[Shot], pixels: Pixels, piece: int, share: float) -> Measures:
        """Add the gradients of one batch."""
        found = methods.find("losses", phase.loss)
        labels = torch.from_numpy(self.photos.classes[[shot.photo for shot in shots]]).to(self.model.device)
        given = [labels]
        if found.says["TAKES"] == "triplets":
            given = [torch.arange(len(shots), device=self.model.device).reshape(-1, 3)]
        elif self._classes is not None:
            given.append(self._classes)
        loss, descriptors = backward(
            self.model, torch.from_numpy(pixels), lambda rows: found(rows, *given), piece, share
        )
        return measured(loss, descriptors, labels)

    def _update(self, phase: Phase, learnt: list[Measures], pictures: int) -> None:
        """One step of the optimiser with the gradients of all processes."""
        assert self._optimiser is not None
        place, groups = self.place, self._optimiser.param_groups
        learning = [each for group in groups for each in group["params"]]
        for each in learning:
            if each.grad is None and self.processes.count > 1:
                each.grad = torch.zeros_like(each)
        self.processes.add(each.grad for each in learning)
        gradients = [each.grad.norm() for each in learning if each.grad is not None]
        gradient = float(torch.stack(gradients).norm()) if gradients else 0.0
        scale = factor(phase, place.step, self._share_done(phase))
        for group in groups:
            group["lr"] = group["base"] * scale
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)
        self.model.keep_in_range()
        place.step, place.total = place.step + 1, place.total + 1
        measures = Measures.mean(learnt, gradient, groups[0]["lr"])
        self.told.step(place, measures, pictures)
        self._watch(measures)
        if self.progress.stopping():
            self._save()
            raise Stopped
        if time.monotonic() - self._saved >= self.save_every:
            self._save()

    def _share_done(self, phase: Phase) -> float:
        """How much of a phase is done, 0 to 1."""
        if phase.steps:
            return self.place.step / phase.steps
        in_epoch = 0.0 if phase.mining else self.place.batch * phase.batch / max(1, len(self.photos))
        return min(1.0, (self.place.epoch + min(1.0, in_epoch)) / phase.epochs)

    def _save(self) -> None:
        """Write the checkpoint, by the first process; it is only called between two steps."""
        self._saved = time.monotonic()
        if not self.processes.is_first:
            return
        tensors = {f"model.{name}": each for name, each in self.model.named_parameters()}
        groups: list[dict[str, object]] = []
        if self._optimiser is not None:
            remembered, groups = checkpoint.flat(self._optimiser)
            tensors |= {f"optimiser.{name}": each for name, each in remembered.items()}
        if self._classes is not None:
            tensors["classes"] = self._classes
        tensors["triplets"] = torch.from_numpy(self._triplets)
        tensors["random"] = torch.get_rng_state()
        checkpoint.write(self.path, State(self.place, tensors, groups, self.run))

    def _restore(self, state: State) -> None:
        self.place = state.place
        with torch.no_grad():
            for name, each in self.model.named_parameters():
                each.copy_(state.tensors[f"model.{name}"])
        if "classes" in state.tensors:
            self._classes = state.tensors["classes"].to(self.model.device)
        self._triplets = state.tensors["triplets"].numpy()
        torch.set_rng_state(state.tensors["random"])


def _under(tensors: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): each for name, each in tensors.items() if name.startswith(prefix)}
