"""Describe, search, re-rank and score: a recipe on a data set, by the protocol."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from resight.dataset import Dataset
from resight.datasets import open_dataset
from resight.errors import BadQuery
from resight.evaluator.answers import Evaluation
from resight.evaluator.asking import ask
from resight.evaluator.bench import prepare
from resight.evaluator.deviations import deviate_from
from resight.evaluator.scoring import has_truth
from resight.progress import Progress
from resight.recipe import Recipe
from resight.stores import EVERY_ROW


def evaluate(
    recipe: Recipe | str | Path,
    data: Dataset | str | Path,
    *,
    distractors: Sequence[str | Path] = (),
    fit_from: str | Path | None = None,
    allow_overlap: bool = False,
    rerank: Sequence[str] = (),
    store: str = EVERY_ROW,
    deviate: Sequence[str] = (),
    fresh: bool = False,
    engine: str = "auto",
    workers: int | None = None,
    batch: int | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """How well a recipe finds what a data set says it should; descriptors are kept for the next time.

    A recipe or data set that is named is loaded as the command does it. `distractors` are folders of photos,
    data sets, or galleries made with the same recipe and fit. The recipe is fitted on `fit_from` (a gallery,
    folder or data set), else on the photos that it is tested on, which is refused with FittedOnTest unless
    `allow_overlap`. `store` is what finds the first hundred of each ranking, with an index of the data set's
    gallery that is made where it is missing; those below are found by comparing every row. `deviate` names
    what is not to be done as the protocol wants it. Every such thing is among the caveats of the result.
    `fresh` asks every query again, where an evaluation was stopped.
    `progress` is told how far the work is, and asked whether to stop. Raises Stopped.
    """
    recipe = recipe if isinstance(recipe, Recipe) else Recipe.load(str(recipe))
    data = data if isinstance(data, Dataset) else open_dataset(str(data))
    for each in deviate:
        data = deviate_from(data, each)
    if not any(has_truth(data, question) for question in data.questions):
        raise BadQuery(f"The data set {data.name} has no query with anything to find.")
    with prepare(
        recipe,
        data,
        distractors=distractors,
        fit_from=fit_from,
        allow_overlap=allow_overlap,
        rerank=rerank,
        store=store,
        engine=engine,
        workers=workers,
        batch=batch,
        progress=progress,
    ) as bench:
        return ask(bench, progress, fresh)
