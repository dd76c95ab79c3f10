"""What a run is watched by: how far apart things are, whether anything is still learnt, and collapse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import torch

from resight.errors import Collapsed

SPREAD = 0.005  # below it all descriptors are one
PATIENCE = 20  # steps in a row


@dataclass(frozen=True)
class Measures:
    """Of one step. Distances are squared Euclidean, means over a batch; `spread` is 1 less the squared length
    of the mean descriptor, 0 where all are alike; `active` the share of pictures that have one of another
    thing nearer than one of their own; `gradient` the norm of all gradients.
    """

    loss: float
    active: float
    positive: float
    negative: float
    spread: float
    gradient: float = 0.0
    rate: float = 0.0

    @classmethod
    def mean(cls, measures: Sequence[Measures], gradient: float, rate: float) -> Measures:
        """Of the batches of one step."""
        names = ("loss", "active", "positive", "negative", "spread")
        means = {name: fmean(getattr(each, name) for each in measures) if measures else 0.0 for name in names}
        return cls(**means, gradient=gradient, rate=rate)


def measured(loss: torch.Tensor, descriptors: torch.Tensor, labels: torch.Tensor) -> Measures:
    """The measures of a batch (N, D) with labels (N,)."""
    with torch.no_grad():
        squares = torch.clamp(2 - 2 * descriptors @ descriptors.T, min=0)
        same = labels[:, None] == labels[None, :]
        own = same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
        farthest = squares.masked_fill(~own, -1).amax(1)
        nearest = squares.masked_fill(same, torch.inf).amin(1)
        asking = farthest >= 0
        return Measures(
            float(loss.detach()),
            float((nearest < farthest)[asking].float().mean()) if asking.any() else 0.0,
            float(squares[own].mean()) if own.any() else 0.0,
            float(squares[~same].mean()) if (~same).any() else 0.0,
            float(1 - descriptors.mean(0).square().sum()),
        )


class Watch:
    """Stops a run whose descriptors have become one, or whose numbers are none."""

    def __init__(self) -> None:
        self.alike = 0

    def __call__(self, measures: Measures) -> None:
        """Look at a step; raises Collapsed."""
        if measures.loss != measures.loss or measures.gradient != measures.gradient:
            raise Collapsed(
                "The loss is no number any more: take a lower rate, or precision = 'f32'. "
                "The last checkpoint is from before."
            )
        self.alike = (
            self.alike + 1 if measures.positive + measures.negative > 0 and measures.spread < SPREAD else 0
        )
        if self.alike >= PATIENCE:
            raise Collapsed(
                f"All descriptors have become alike (spread {measures.spread:.4f}, loss {measures.loss:.3f}):"
                " take a lower rate, a longer warm-up, or a loss that does not mine the hardest pictures."
            )
