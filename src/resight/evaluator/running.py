"""Describe, search, re-rank and score: a recipe on a data set, by the protocol."""

from __future__ import annotations

import contextlib
import functools
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from resight.datasets import open_dataset
from resight.describer import Describer, describer_like
from resight.errors import BadImage, BadQuery
from resight.evaluator import workspace
from resight.evaluator.answers import Answer, Evaluation, mean, spread
from resight.evaluator.deviations import deviating
from resight.evaluator.facts import facts, marks
from resight.evaluator.journal import Journal
from resight.evaluator.overlap import fitted_on_tested, refuse_own_fit, refuse_same_files
from resight.evaluator.pool import Pool
from resight.evaluator.scoring import answered, has_truth, unanswered
from resight.evaluator.workspace import Source, Workspace
from resight.gallery import Gallery
from resight.gallery.catalogue import NAME as CATALOGUE
from resight.indexer import Progress, Silent
from resight.indexer.progress import Stopped
from resight.methods import Method
from resight.recipe import Recipe
from resight.reranking import reranked, rerankers
from resight.truth import Dataset, Question


def evaluate(
    recipe: Recipe,
    data: Dataset,
    *,
    distractors: Sequence[str | Path] = (),
    fit_from: str | Path | None = None,
    allow_overlap: bool = False,
    rerank: Sequence[str] = (),
    deviate: Sequence[str] = (),
    engine: str = "auto",
    workers: int | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """How well a recipe finds what a data set says it should; descriptors are kept for the next time.

    `distractors` are folders of photos, data sets, or galleries made with the same recipe and fit. The
    recipe is fitted on `fit_from` (a gallery, folder or data set), else on the photos that it is tested on,
    which is refused with FittedOnTest unless `allow_overlap`. `deviate` names what is not to be done as the
    protocol wants it. Every such thing is among the marks of the result. Raises Stopped.
    """
    progress, begun = progress or Silent(), time.monotonic()
    wanted = rerankers(rerank)
    for each in deviate:
        data = deviating(data, each)
    if not any(has_truth(data, question) for question in data.questions):
        raise BadQuery(f"The data set {data.name} has no query with anything to find.")
    made, searched = prepared(
        recipe,
        data,
        distractors=distractors,
        fit_from=fit_from,
        allow_overlap=allow_overlap,
        local_features=any(each.name == "geometry" for each in wanted),
        engine=engine,
        workers=workers,
        progress=progress,
    )
    with contextlib.ExitStack() as stack:
        opened = stack.enter_context(Gallery(made.gallery))
        galleries = [stack.enter_context(Gallery(folder)) for folder in searched]
        for gallery in (opened, *galleries):
            stack.enter_context(gallery.at_rest())
            opened.check(gallery.fingerprint)
        shared = fitted_on_tested((opened, *galleries), allow_overlap)
        pool = Pool(data, made, opened, galleries)
        describer = functools.cache(lambda: describer_like(opened, engine, workers or 1))
        described = time.monotonic() - begun
        found = facts(pool, opened, galleries, str(fit_from or ""))
        journal = Journal(made.gallery.parent, [found["data_hash"], *_asked(pool, wanted)])
        answers, seconds = _answers(pool, wanted, describer, journal, progress)
        found |= {
            "rerank": list(rerank),
            "overlap": shared,
            "deviations": spread(answers),
            "seconds": {"describing": round(described, 1), "a query": statistics.median(seconds)},
        }
        noted = tuple(marks(pool, opened, galleries, shared, answers))
    return Evaluation(recipe.name, data.name, str(data.root.resolve()), found, noted, mean(answers), answers)


def prepared(
    recipe: Recipe,
    data: Dataset,
    *,
    distractors: Sequence[str | Path] = (),
    fit_from: str | Path | None = None,
    allow_overlap: bool = False,
    local_features: bool = False,
    **settings: Any,
) -> tuple[Workspace, list[Path]]:
    """The gallery in which all photos are described, and those that are only searched."""
    fits = bool(Describer(recipe).fitted_steps)
    if fits and fit_from is None and not allow_overlap:
        refuse_own_fit(recipe.name)
    if fit_from is not None and not fits:
        raise BadQuery(f"The recipe '{recipe.name}' has nothing to fit: leave --fit-from out.")
    sources, searched = _sources(data, distractors)
    if fit_from and _gallery(fit_from) is None and not allow_overlap:
        refuse_same_files(_source(fit_from), sources)  # before the work; contents are compared after it
    fitted = _fitted(recipe, fit_from, settings) if fit_from else None
    made = workspace.described(sources, recipe, fit_from=fitted, local_features=local_features, **settings)
    return made, searched


def _answers(
    pool: Pool,
    wanted: Sequence[Method],
    describer: Callable[[], Describer],
    journal: Journal,
    progress: Progress,
) -> tuple[tuple[Answer, ...], list[float]]:
    """Of every query that has something to find; and the seconds that each took to describe and rank."""
    asked = [question for question in pool.data.questions if has_truth(pool.data, question)]
    if len(journal):
        progress.say(f"{len(journal)} of {len(asked)} queries were answered before the last stop.")
    progress.start("Queries", len(asked) - len(journal))
    found = []
    for number, question in enumerate(asked):
        one = journal.get(number)
        if one is None:
            if progress.stopping():
                raise Stopped
            one = _answer(pool, question, wanted, describer)
            journal.add(number, *one)
            progress.step()
        found.append(one)
    journal.end()
    times = [seconds for _, seconds in found if seconds is not None]
    return tuple(answer for answer, _ in found), times or [0.0]


def _answer(
    pool: Pool, question: Question, wanted: Sequence[Method], describer: Callable[[], Describer]
) -> tuple[Answer, float | None]:
    """And the seconds it took; None for a query that could not be described."""
    begun = time.monotonic()
    try:
        query = pool.query(question, describer)
    except (BadImage, BadQuery) as error:
        return unanswered(pool.data, question, pool.size, str(error)), None
    ranked = pool.photos.nearest(query.vectors, pool.size + 1)
    ranked = reranked(ranked, query, pool.photos, wanted)
    seconds = time.monotonic() - begun
    return answered(pool.data, question, *pool.placed(ranked, question), ranked, pool.name), seconds


def _asked(pool: Pool, wanted: Sequence[Method]) -> list[str]:
    """In words, beside the hash of the data: all that answers depend on, and the names in them."""
    data = pool.data
    names = [data.name, *map(str, pool.roots), *pool.names, *(question.name for question in data.questions)]
    return [pool.photos.identity, *data.measures, *names, *(each.sentence() for each in wanted)]


def _fitted(recipe: Recipe, fit_from: str | Path, settings: dict[str, Any]) -> Path:
    """The gallery whose fit is borrowed: one that exists, or one made of the photos that are named."""
    gallery = _gallery(fit_from)
    if gallery is None:
        gallery = workspace.described([_source(fit_from)], recipe, **settings).gallery
    return gallery


def _sources(data: Dataset, distractors: Sequence[str | Path]) -> tuple[list[Source], list[Path]]:
    """What is described, the data set first; and the galleries that are searched as they are."""
    sources, searched = [Source.of(data)], []
    for each in distractors:
        gallery = _gallery(each)
        if gallery is None:
            sources.append(_source(each))
        else:
            searched.append(gallery)
    return sources, searched


def _gallery(named: str | Path) -> Path | None:
    path = Path(named)
    return path if (path / CATALOGUE).is_file() else None


def _source(named: str | Path) -> Source:
    return Source.below(Path(named)) if Path(named).is_dir() else Source.of(open_dataset(str(named)))
