"""The end of a run: the recipe is left, measured beside the one it began with, and pictured."""

from __future__ import annotations

import hashlib

from resight.engines import _device
from resight.recipe import Recipe
from resight.trainer.card import format_figures, write_card
from resight.trainer.checkpoint import Place
from resight.trainer.leaving import put, write_recipe
from resight.trainer.model import Model
from resight.trainer.run import Run, is_short
from resight.trainer.telling import read_rows
from resight.trainer.trained import Trained


def finish(run: Run, model: Model, place: Place, half: bool, licence: str) -> Trained:
    """Leave the trained model as a recipe, and all that tells about it."""
    name = f"{run.recipe.name}-{run.plan.name or 'trained'}"
    recipe = write_recipe(run.folder, name, run.recipe, model, run.numbers, run.plan, half)
    return leave(run, recipe, place, pictures_of(run), licence)


def pictures_of(run: Run) -> int:
    """Pictures that all steps of a run have taken."""
    rows = read_rows(run.folder / "metrics.jsonl")
    return sum(row["pictures"] for row in rows if "pictures" in row)


def leave(run: Run, recipe: Recipe, place: Place, pictures: int, licence: str) -> Trained:
    """Measure, draw and write the card of a recipe that lies in the run's folder."""
    before, after = _measured(run, recipe)
    _draw(run)
    files = hashlib.sha256()
    for path in run.split.photos.paths:
        size = (run.split.photos.root / path).stat().st_size
        files.update(f"{path}\0{size}\n".encode("utf8", "surrogatepass"))
    held, photos = run.split.held, run.split.photos
    facts = {
        "name": recipe.name,
        "recipe": run.recipe.name,
        "plan": run.plan.name or "of its own",
        "path": run.folder.name,
        "how": "" if run.plan.labels else " without labels",
        "figures": format_figures(before, after)
        if before
        else "No photos were held out: none were measured.",
        "photos": len(photos),
        "classes": int(photos.classes.max()) + 1,
        "data": photos.root.name,
        "held": f"{len(held.photos)} photos of other things were held out" if held else "none were held out",
        "hash": files.hexdigest()[:32],
        "licence": licence,
        "seed": run.plan.seed,
        "weights": ", ".join(each.weights for each in run.recipe.backbones if each.weights),
        "steps": place.total,
        "pictures": pictures,
        "time": f"{place.seconds / 60:.0f} minutes",
        "machine": _device.name(_device.has_gpu()),
        "precision": "bf16" if is_short(run.plan) else "float32",
    }
    put(run.folder / "model_card.md", write_card(facts).encode())
    return Trained(
        run.folder, run.folder / "recipe.toml", place.total, pictures, place.seconds,
        held.name if held else "", before, after,
    )  # fmt: skip


def _measured(run: Run, recipe: Recipe) -> tuple[dict[str, float], dict[str, float]]:
    """The means of both recipes on the held photos, and a picture of what gained and lost most."""
    held = run.split.held
    if held is None:
        return {}, {}
    from resight.drawing.saving import save_bytes
    from resight.evaluator import Study
    from resight.figures.gains import gains

    study = Study(held, [run.recipe, recipe], {"allow_overlap": True, "progress": run.progress})
    means = [dict(study.evaluation(each).means) for each in study.recipes]
    put(run.folder / "gained_and_lost.png", save_bytes(gains(study), "png"))
    return means[0], means[1]


def _draw(run: Run) -> None:
    from resight.drawing.saving import save_bytes
    from resight.drawing.training import draw_training

    rows = read_rows(run.folder / "metrics.jsonl")
    put(run.folder / "curves.png", save_bytes(draw_training(rows, "map"), "png"))
