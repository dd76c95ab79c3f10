"""Starts a run in one process or in several, here or on several machines."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

from resight.errors import BadPlan
from resight.trainer import running
from resight.trainer.processes import Processes
from resight.trainer.trained import Trained


def train(recipe: Any, data: str | Path, out: str | Path, *, processes: int = 1, **options: Any) -> Trained:
    """`running.train` in so many processes of this machine, or in those that torchrun or its like began.

    Each takes its share of every batch, and their gradients are added: as one process that accumulates as
    many batches more. Raises BadPlan where Lightning Fabric is not installed.
    """
    begun = int(os.environ.get("WORLD_SIZE", "1"))
    if processes == 1 and begun == 1:
        return running.train(recipe, data, out, **options)
    try:
        from lightning_fabric import Fabric
    except ImportError:
        raise BadPlan("Several processes need Lightning Fabric: pip install 'resight[several]'.") from None
    import torch

    kind = "cuda" if torch.cuda.is_available() else "cpu"
    if begun > 1:
        here = int(os.environ.get("LOCAL_WORLD_SIZE", begun))
        fabric = Fabric(accelerator=kind, devices=here, num_nodes=begun // here, strategy="ddp")
        fabric.launch()
        return running.train(recipe, data, out, processes=Processes(fabric), **options)
    fabric = Fabric(accelerator=kind, devices=processes, strategy="ddp_spawn")
    return fabric.launch(functools.partial(_one, recipe=recipe, data=data, out=out, options=options))  # type: ignore[no-any-return]


def _one(fabric: Any, *, recipe: Any, data: Any, out: Any, options: dict[str, Any]) -> Trained:
    return running.train(recipe, data, out, processes=Processes(fabric), **options)
