"""What a run begins with: photos that are trained on and others that are not, and first parameters."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from resight import images, methods
from resight.dataset import Dataset
from resight.datasets import open_dataset
from resight.datasets._leave_one_out import leave_one_out
from resight.datasets._listing import photos_under
from resight.datasets.folder import DISTRACTORS
from resight.describing import fitting
from resight.describing.describer import Describer
from resight.errors import BadImage, BadPlan, DataMissing
from resight.methods import Parameters
from resight.parts import Part, Views
from resight.progress import Progress, Stopped
from resight.recipe import Recipe
from resight.trainer.alike import group_copies
from resight.trainer.pictures import Photos
from resight.trainer.plan import Plan, shape
from resight.trainer.splitting import held_out
from resight.types import Prepared
from resight.variations import varied

SAMPLE = 500  # photos that first parameters are fitted on
HELD = 100  # photos that are held out at most, where there are no labels
BESIDE = 300  # photos that are trained on and stand beside these, so that each has to be told from many
SIDE = 640  # pixels of the longer side of held photos that are written
FEWEST = 4  # photos


@dataclass(frozen=True, eq=False)
class Split:
    """Photos to train on, and a data set of those that are held out; None where there are too few."""

    photos: Photos
    held: Dataset | None
    labels: bool


def split(data: Dataset | str, labels: bool, share: float, held_folder: Path, progress: Progress) -> Split:
    """The photos of a data set or folder, apart by a hash: of classes where there are labels, else of photos.

    Without labels, held photos and a synthetic view of each are written into `held_folder`, a sub-folder
    each: a view is to find its photo, among all of them and up to 300 photos that are trained on. Raises
    BadPlan where there is too little to train on.
    """
    found = _with_labels(data) if labels else _without(data)
    if labels:
        names = found.labels or ("",) * len(found.photos)
        things = [name or path for name, path in zip(names, found.photos, strict=True)]
    else:
        whole = Photos(found.root, found.photos, np.arange(len(found.photos)))
        copies = group_copies(whole, progress)
        first = {int(group): path for group, path in zip(copies[::-1], found.photos[::-1], strict=True)}
        things = [first[int(group)] for group in copies]
        if len(first) < len(things):
            progress.say(
                f"{len(things) - len(first)} photos are copies of others, and count as one thing with them"
            )
    held = held_out(things, share)
    if not labels:
        chosen = np.flatnonzero(held)
        held[:] = False
        held[chosen[:HELD]] = True
    kept = np.flatnonzero(~held)
    if len(kept) < FEWEST:
        raise BadPlan(f"There are {len(kept)} photos to train on, and {FEWEST} are the least: bring more.")
    classes = np.unique([things[number] for number in kept], return_inverse=True)[1]
    photos = Photos(found.root, tuple(found.photos[number] for number in kept), classes.astype(np.int64))
    if labels and len(photos.members()) == len(photos):
        raise BadPlan("No two of the photos to train on show the same thing: use --without-labels.")
    aside = np.flatnonzero(held)
    if not labels and len(aside) > 1:
        _link_distractors(photos, held_folder / DISTRACTORS)
    return Split(photos, _asking(found, aside) if labels else _views(found, aside, held_folder), labels)


def _with_labels(data: Dataset | str) -> Dataset:
    found = data if isinstance(data, Dataset) else open_dataset(data)
    if found.labels is None:
        raise BadPlan(f"The data set {found.name} says of no photo what it shows: use --without-labels.")
    return found


def _without(data: Dataset | str) -> Dataset:
    if isinstance(data, Dataset):
        return data
    folder = Path(data)
    if not folder.is_dir():
        return open_dataset(data)
    photos = tuple(photos_under(folder))
    if not photos:
        raise DataMissing(f"There are no photos in {folder}.")
    return Dataset(folder.resolve().name, folder, photos, np.arange(len(photos)), (), ("map",), "none")


def _asking(found: Dataset, aside: np.ndarray) -> Dataset | None:
    """The held photos as a data set of their own, each asking for the others of its class."""
    assert found.labels is not None
    photos = tuple(found.photos[number] for number in aside)
    labels = tuple(found.labels[number] for number in aside)
    questions = leave_one_out(labels, photos)
    if not questions:
        return None
    return Dataset(
        f"{found.name}-held-out", found.root, photos, np.arange(len(photos)), questions, ("map", "r@1"),
        "leave-one-out among the classes that were not trained on", turns=found.turns, labels=labels,
    )  # fmt: skip


def _views(found: Dataset, aside: np.ndarray, folder: Path) -> Dataset | None:
    """The held photos and a synthetic view of each, as a folder of sub-folders."""
    for number in aside.tolist():
        path = found.photos[number]
        own = folder / _short_hash(path)
        if (own / "view.jpg").exists():
            continue
        try:
            photo = images.read(found.root / path, enough=lambda *_: (SIDE, SIDE))
        except (BadImage, OSError):
            continue
        pixels = images.resize_within(photo.pixels, SIDE)
        own.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(own / "photo.jpg", quality=95)
        Image.fromarray(varied(pixels, (0, number))).save(own / "view.jpg", quality=95)
    return open_dataset(str(folder)) if len(aside) >= 2 and folder.is_dir() else None


def _link_distractors(photos: Photos, folder: Path) -> None:
    """Links to photos that are trained on, evenly from all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in photos.paths[:: max(1, -(-len(photos) // BESIDE))]:
        link = folder / f"{_short_hash(path)}{Path(path).suffix}"
        if not os.path.lexists(link):
            link.symlink_to((photos.root / path).resolve())


def _short_hash(path: str) -> str:
    return hashlib.sha256(path.encode("utf8", "surrogatepass")).hexdigest()[:16]


def trained_parts(recipe: Recipe, plan: Plan) -> list[tuple[int, Part]]:
    """The parts with a network, by number, as they are while they train; a head stands in for their steps.

    With a head, parts that share their network train once. Raises BadPlan where there is none.
    """
    parts = []
    seen = set()
    for number, part in enumerate(recipe.parts):
        library = methods.module("backbones", part.backbone.network.partition(":")[0])
        if hasattr(library, "engine") or (plan.head and part.backbone in seen):
            continue
        seen.add(part.backbone)
        parts.append((number, _headed(part, plan)))
    if not parts:
        raise BadPlan(f"The recipe '{recipe.name}' has no network, so there is nothing to train.")
    return parts


def _headed(part: Part, plan: Plan) -> Part:
    height, width = shape(plan.phases[0])
    views = Views("square", (max(height, width),), 8.0, "sum", part.views.policy)
    if plan.head is None:
        return dataclasses.replace(part, views=views)
    head = plan.head
    return dataclasses.replace(
        part, views=views, regions=head.regions, pooling=head.pooling, each=head.each, gather=head.gather,
        join=head.join, post=head.post, weight=1.0,
    )  # fmt: skip


def first_parameters(
    parts: list[tuple[int, Part]], given: dict[str, Parameters], photos: Photos, progress: Progress
) -> dict[str, Parameters]:
    """The parameters of all fitted steps of the parts, fitted on a sample of the photos unless given."""
    recipe = Recipe("training", tuple(part for _, part in parts))
    describer = Describer(recipe)
    sample = np.random.default_rng(0).permutation(len(photos))[:SAMPLE]
    if not describer.fitted_steps:
        return {}
    progress.start("Describing a sample, which first parameters are fitted on", len(sample))
    prepared = list(_prepared(describer, photos, sample.tolist(), progress))
    if not prepared:
        raise BadPlan("None of the photos can be read, so there is nothing to train on.")
    return fitting.fit(describer, lambda: iter(prepared)) | given


def _prepared(
    describer: Describer, photos: Photos, numbers: list[int], progress: Progress
) -> Iterator[Prepared]:
    for number in numbers:
        if progress.stopping():
            raise Stopped
        try:
            photo = describer.read(photos.root / photos.paths[number])
        except (BadImage, OSError):
            continue
        yield describer.prepare(photo, variants=2 if describer.asks_for_variants else 0, seed=(0, number))
        progress.step()
