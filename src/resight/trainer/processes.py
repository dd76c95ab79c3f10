"""One process or several, on one machine or more: each learns from its share of the batches.

Lightning Fabric starts them and carries what they tell each other; without it there is one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch


class Processes:
    """How many there are, and which this one is; `fabric` is None where it is alone."""

    def __init__(self, fabric: Any = None) -> None:
        self._fabric = fabric
        self.count: int = fabric.world_size if fabric else 1
        self.rank: int = fabric.global_rank if fabric else 0

    @property
    def is_first(self) -> bool:
        """Whether this one writes files and speaks."""
        return self.rank == 0

    def add(self, tensors: Iterable[torch.Tensor | None]) -> None:
        """Each tensor becomes the sum of those of all processes, in one message; None is passed over."""
        if self.count == 1:
            return
        here = [tensor for tensor in tensors if tensor is not None]
        sent = torch.cat([tensor.reshape(-1) for tensor in here])
        summed = self._fabric.all_reduce(sent, reduce_op="sum")
        for tensor, own in zip(here, summed.split([tensor.numel() for tensor in here]), strict=True):
            tensor.copy_(own.reshape(tensor.shape))

    def wait(self) -> None:
        """Go on when all have come here."""
        if self.count > 1:
            self._fabric.barrier()
