"""What a run will take, told before it begins: steps, pictures, time and memory."""

from __future__ import annotations

import time
from collections.abc import Iterator

import torch

from resight.trainer.model import Model
from resight.trainer.optimising import choose
from resight.trainer.pictures import Photos, steps_of
from resight.trainer.plan import Phase, Plan, pictures, shape
from resight.trainer.stepping import bytes_a_picture, piece_of

TRIAL = 8  # pictures


def forecast(model: Model, plan: Plan, photos: Photos, count: int) -> Iterator[str]:
    """A line a phase, by a short trial of each."""
    for number, phase in enumerate(plan.phases, 1):
        choose(model, phase)
        rate, memory = _trial(model, phase)
        batch = pictures(phase)
        steps = steps_of(phase, photos, count)
        loss = phase.loss.partition(":")[0]
        sizes = f"{shape(phase)[1]} x {shape(phase)[0]} px"
        if not steps:
            triplets = f"{phase.epochs} epochs of mined triplets"
            yield f"phase {number}: {loss}, {triplets} at {sizes}, {rate:.0f} pictures a second"
            continue
        together = phase.accumulate * batch * count
        seconds = steps * phase.accumulate * batch / rate
        yield (
            f"phase {number}: {loss}, {steps} steps of {together} pictures at {sizes}: about "
            f"{_clock(seconds)} at {rate:.0f} pictures a second, {memory / 1e9:.1f} GB of memory"
        )


def _trial(model: Model, phase: Phase) -> tuple[float, int]:
    """Pictures a second, and bytes for the gradients of a batch."""
    shown = torch.zeros(TRIAL, *shape(phase), 3, dtype=torch.uint8)
    seconds = []
    for _ in range(2):
        begun = time.perf_counter()
        model(shown).square().sum().backward()
        seconds.append(time.perf_counter() - begun)
    model.zero_grad(set_to_none=True)
    together = min(pictures(phase), piece_of(model, shape(phase)))
    passes = 1.0 if together == pictures(phase) else 4 / 3
    return TRIAL / min(seconds) / passes, together * bytes_a_picture(model, shape(phase))


def _clock(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{max(1, minutes)} min"
