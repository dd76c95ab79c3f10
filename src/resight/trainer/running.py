"""A whole training run: what it begins with, the phases, and what is left at the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import torch

from resight.dataset import Dataset
from resight.errors import BadPlan
from resight.progress import Progress, Silent
from resight.recipe import Recipe
from resight.trainer import plan as plans
from resight.trainer.frozen import train_head
from resight.trainer.leaving import put
from resight.trainer.memory import keep_memory
from resight.trainer.model import Model
from resight.trainer.plan import Plan
from resight.trainer.processes import Processes
from resight.trainer.results import finish
from resight.trainer.run import LAST, Run, is_short
from resight.trainer.sources import Pictures
from resight.trainer.starting import trained_parts
from resight.trainer.trained import Trained

HOLD = 0.2  # the share of things that are not trained on


def train(
    recipe: Recipe | str | Path,
    data: Dataset | str | Path,
    out: str | Path,
    *,
    plan: Plan | str = "quick",
    labels: bool | None = None,
    hold: float = HOLD,
    seed: int | None = None,
    resume: bool = False,
    half: bool = False,
    licence: str = "not stated",
    processes: Processes | None = None,
    progress: Progress | None = None,
) -> Trained:
    """Train a recipe on the photos of a data set or folder, and leave a recipe with weights in `out`.

    `labels`: whether photos of one class show the same thing; by default as the plan says. `hold`: the share
    of things that are not trained on, chosen by a hash of their names. `resume` goes on with a run that was
    stopped or killed. `half` writes weights as float16. Raises BadPlan, BadRecipe and BadData for what cannot
    be trained, Collapsed, StorageFailed, and Stopped when `progress` asks for an end, after a checkpoint.
    """
    loaded = plans.load(plan) if isinstance(plan, str) else plan
    changes: dict[str, Any] = {} if labels is None else {"labels": labels}
    loaded = msgspec.structs.replace(loaded, **changes, **({} if seed is None else {"seed": seed}))
    loaded.check()
    recipe = recipe if isinstance(recipe, Recipe) else Recipe.load(str(recipe))
    folder, processes = Path(out), processes or Processes()
    if processes.is_first:
        _take(folder, resume)
    processes.wait()
    run = Run(
        recipe,
        data if isinstance(data, Dataset) else str(data),
        folder,
        loaded,
        hold,
        processes,
        progress or Silent(),
    )
    if processes.is_first:
        put(folder / "plan.toml", run.plan_text().encode())
    return train_head(run, licence) if loaded.frozen else _train(run, half, licence)


def _take(folder: Path, resume: bool) -> None:
    """Make the folder; refuse one in use, unless a run in it is to go on."""
    begun = (folder / "checkpoint" / LAST).exists() or (folder / "plan.toml").exists()
    if folder.exists() and any(folder.iterdir()) and not (resume and begun):
        raise BadPlan(
            f"The folder {folder} is in use: --resume goes on with the run in it, or name a new folder."
            if begun
            else f"The folder {folder} is not empty, and a run needs a folder of its own: name a new one."
        )
    (folder / "checkpoint").mkdir(parents=True, exist_ok=True)


def _train(run: Run, half: bool, licence: str) -> Trained:
    """All phases, and what is left after them."""
    keep_memory()
    parts = [part for _, part in trained_parts(run.recipe, run.plan)]
    model = Model(parts, run.first_parameters(), is_short(run.plan))
    if torch.cuda.is_available():
        model.to("cuda")
    run.tell_plan(model)
    loop = run.loop(Pictures(run.split.photos, model))
    loop()
    run.take_best(model)
    return finish(run, model, loop.place, half, licence)
