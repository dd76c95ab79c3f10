"""Optimisers and schedules of a phase."""

from __future__ import annotations

import math
from fnmatch import fnmatchcase
from typing import Any

import torch

from resight.trainer.model import Model
from resight.trainer.plan import Phase


def optimiser(model: Model, phase: Phase, more: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
    """The optimiser of a phase, in two groups: the network, and all else with what the loss itself learns."""
    network = [each for each in model.layers.parameters() if each.requires_grad]
    head = [each for each in model.learnt.parameters() if each.requires_grad] + more
    rate, decay = phase.head_rate or phase.rate, phase.weight_decay
    groups: list[dict[str, Any]] = [{"params": network, "lr": phase.rate}, {"params": head, "lr": rate}]
    groups = [group for group in groups if group["params"]]
    if phase.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=phase.rate, momentum=phase.momentum, weight_decay=decay, fused=True)
    kind = torch.optim.Adam if phase.optimiser == "adam" else torch.optim.AdamW
    return kind(groups, lr=phase.rate, weight_decay=decay, fused=True)


def factor(phase: Phase, step: int, done: float) -> float:
    """What the rates are multiplied by at a step, with so much of the phase done."""
    warm = min(1.0, (step + 1) / phase.warmup) if phase.warmup else 1.0
    if phase.schedule == "constant":
        return warm
    return warm * (0.5 * (1 + math.cos(math.pi * done)) if phase.schedule == "cosine" else 1 - done)


def choose(model: Model, phase: Phase) -> None:
    """Let learn what a phase trains: all that can, but for the frozen modules of the network and steps.

    `frozen` are names of modules, or patterns such as `*.conv_dw`; `pooling` and `join` are steps.
    """
    for layers in model.layers:
        for name, each in layers.model.named_parameters():  # type: ignore[union-attr]
            each.requires_grad_(phase.trains == "all" and not _is_frozen(name, phase))
    for name, each in model.learnt.named_parameters():
        each.requires_grad_(each.is_floating_point() and not _is_frozen(name.replace("/", "."), phase))


def _is_frozen(name: str, phase: Phase) -> bool:
    return any(fnmatchcase(name, f"{pattern}.*") for pattern in phase.frozen)
