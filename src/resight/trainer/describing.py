"""Photos as the model describes them now, without gradients: for mining and for validation."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from resight.trainer.model import Model
from resight.trainer.pictures import Maker, Numbers, Shot, made
from resight.trainer.processes import Processes

BATCH = 32


def describe(
    model: Model, maker: Maker, numbers: Numbers, processes: Processes | None = None
) -> NDArray[np.float32]:
    """Numbers of photos -> their descriptors (N, D); of several processes each describes its share."""
    processes = processes or Processes()
    rows: torch.Tensor | None = None
    own = np.arange(len(numbers))[processes.rank :: processes.count]
    wanted = (
        [Shot(int(numbers[place]), (0,)) for place in own[first : first + BATCH]]
        for first in range(0, len(own), BATCH)
    )
    done = 0
    with torch.inference_mode():
        for _, pixels in made(maker, wanted):
            found = model(torch.from_numpy(pixels)).cpu()
            if rows is None:
                rows = torch.zeros(len(numbers), found.shape[1])
            rows[torch.from_numpy(own[done : done + len(found)])] = found
            done += len(found)
    if rows is None:
        raise ValueError("There are no photos to describe.")
    processes.add([rows])
    return rows.numpy()
