"""Photos as the model describes them now, without gradients: for mining and for validation."""

from __future__ import annotations

import functools

import numpy as np
import torch
from numpy.typing import NDArray

from resight.trainer.pictures import Numbers, Shot, made
from resight.trainer.plan import Phase
from resight.trainer.processes import Processes
from resight.trainer.sources import Source

BATCH = 32


def describe(
    source: Source, phase: Phase, numbers: Numbers, processes: Processes | None = None
) -> NDArray[np.float32]:
    """Numbers of photos -> their descriptors (N, D), as a phase sees them; of several each does its share."""
    processes = processes or Processes()
    rows: torch.Tensor | None = None
    own = np.arange(len(numbers))[processes.rank :: processes.count]
    wanted = (
        [Shot(int(numbers[place]), ()) for place in own[first : first + BATCH]]
        for first in range(0, len(own), BATCH)
    )
    done = 0
    with torch.inference_mode():
        for _, pixels in made(functools.partial(source.shown, phase), wanted):
            found = source.model(torch.from_numpy(pixels)).cpu()
            if rows is None:
                rows = torch.zeros(len(numbers), found.shape[1])
            rows[torch.from_numpy(own[done : done + len(found)])] = found
            done += len(found)
    if rows is None:
        raise ValueError("There are fewer photos than processes to describe them.")
    processes.add([rows])
    return rows.numpy()
