"""What must be described before anything can be asked, and what must be refused before that."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from resight.addresses import folder_of
from resight.dataset import Dataset
from resight.datasets import open_dataset
from resight.describing.describer import Describer
from resight.errors import BadQuery
from resight.evaluator import workspace
from resight.evaluator.overlap import refuse_fit_on, refuse_own_fit, refuse_same_files, refuse_twice
from resight.evaluator.workspace import Source, Workspace
from resight.gallery import snapshot_of
from resight.gallery.database import is_there
from resight.recipe import Recipe

RANKED = "What is ranked in an evaluation"


def describe_photos(
    recipe: Recipe,
    data: Dataset,
    *,
    distractors: Sequence[str | Path] = (),
    fit_from: str | Path | None = None,
    allow_overlap: bool = False,
    local_features: bool = False,
    **settings: Any,
) -> tuple[Workspace, list[Path]]:
    """The gallery in which all photos are described, and those that are only searched.

    What must be refused is refused before the work, as far as it can be known then.
    """
    fits = bool(Describer(recipe).fitted_steps)
    if fits and fit_from is None and not allow_overlap:
        refuse_own_fit(recipe.name)
    if fit_from is not None and not fits:
        raise BadQuery(f"The recipe '{recipe.name}' has nothing to fit: leave --fit-from out.")
    sources, searched = _sources(data, distractors)
    if fit_from and _gallery(fit_from) is None and not allow_overlap:
        refuse_same_files(_source(fit_from), sources)
    fitted = fit_of(recipe, fit_from, settings) if fit_from else None
    if fitted and not allow_overlap:
        with snapshot_of(fitted) as opened:
            refuse_fit_on(sources, opened)
    made = workspace.describe(sources, recipe, fit_from=fitted, local_features=local_features, **settings)
    return made, searched


def fit_of(recipe: Recipe, fit_from: str | Path | Source, settings: dict[str, Any]) -> Path:
    """The gallery whose fit is borrowed: one that exists, or one made of the photos that are named."""
    if isinstance(fit_from, Source):
        return workspace.describe([fit_from], recipe, **settings).gallery
    gallery = _gallery(fit_from)
    return gallery or workspace.describe([_source(fit_from)], recipe, **settings).gallery


def _sources(data: Dataset, distractors: Sequence[str | Path]) -> tuple[list[Source], list[Path]]:
    """What is described, the data set first; and the galleries that are searched as they are."""
    sources, searched = [Source.of(data)], []
    for each in distractors:
        gallery = _gallery(each)
        if gallery is None:
            sources.append(_source(each))
        else:
            searched.append(gallery)
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(snapshot_of(folder)) for folder in searched]
        refuse_twice(sources, [folder_of(each.catalogue.root, RANKED) for each in opened])
    return sources, searched


def _gallery(named: str | Path) -> Path | None:
    path = Path(named)
    return path if is_there(path) else None


def _source(named: str | Path) -> Source:
    if not str(named):
        raise BadQuery("An empty name is no folder, data set or gallery.")
    return Source.below(Path(named)) if Path(named).is_dir() else Source.of(open_dataset(str(named)))
