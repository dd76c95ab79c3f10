"""Describe, search, re-rank and score: a recipe on a data set, by the protocol."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from resight import methods
from resight.dataset import Dataset, Question
from resight.datasets import open_dataset
from resight.describing.describer import Describer, describer_like
from resight.errors import BadData, BadImage, BadQuery, DescribedOtherwise
from resight.evaluator.answers import DISTRACTOR, Answer, Evaluation, mean, spread
from resight.evaluator.copies import copied
from resight.evaluator.deviations import deviating
from resight.evaluator.facts import facts, marks
from resight.evaluator.journal import Journal
from resight.evaluator.overlap import fitted_on_tested
from resight.evaluator.pool import Pool
from resight.evaluator.preparing import prepared
from resight.evaluator.scoring import answered, has_truth, unanswered
from resight.evaluator.workspace import damaged_cache
from resight.gallery import Gallery
from resight.gallery.check import damaged
from resight.gallery.vectors import CutShort
from resight.indexer import Progress, Silent
from resight.methods import Method
from resight.progress import Stopped
from resight.ranking import Numbers
from resight.recipe import Recipe
from resight.searcher.reranking import reranked, rerankers


def evaluate(
    recipe: Recipe | str | Path,
    data: Dataset | str | Path,
    *,
    distractors: Sequence[str | Path] = (),
    fit_from: str | Path | None = None,
    allow_overlap: bool = False,
    rerank: Sequence[str] = (),
    deviate: Sequence[str] = (),
    engine: str = "auto",
    workers: int | None = None,
    batch: int | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """How well a recipe finds what a data set says it should; descriptors are kept for the next time.

    A recipe or data set that is named is loaded as the command does it. `distractors` are folders of photos,
    data sets, or galleries made with the same recipe and fit. The recipe is fitted on `fit_from` (a gallery,
    folder or data set), else on the photos that it is tested on, which is refused with FittedOnTest unless
    `allow_overlap`. `deviate` names what is not to be done as the protocol wants it. Every such thing is
    among the marks of the result. `progress` is told how far the work is, and asked whether to stop. Raises
    Stopped.
    """
    progress, begun = progress or Silent(), time.monotonic()
    recipe = recipe if isinstance(recipe, Recipe) else Recipe.load(str(recipe))
    data = data if isinstance(data, Dataset) else open_dataset(str(data))
    _check(data, engine)
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
        batch=batch,
        progress=progress,
    )
    with contextlib.ExitStack() as stack:
        opened = stack.enter_context(_opened(made.gallery))
        galleries = [stack.enter_context(Gallery(folder)) for folder in searched]
        for gallery in galleries:
            stack.enter_context(gallery.at_rest())
            _comparable(opened, gallery)
        pool = Pool(data, made, opened, galleries)
        shared = fitted_on_tested(data, pool.image_of, opened, galleries, allow_overlap)
        describer = functools.cache(lambda: describer_like(opened, engine, workers or 1))
        described = time.monotonic() - begun
        copies = copied(pool, opened, made.gallery.parent, workers, progress)
        found = facts(pool, opened, galleries, str(fit_from or ""))
        journal = Journal(made.gallery.parent, [found["data_hash"], *_asked(pool, wanted)])
        answers, seconds = _answers(pool, wanted, describer, journal, progress)
        answers = tuple(_with_copies(data, answers, copies))
        found |= {
            "rerank": list(rerank),
            "overlap": shared.tested,
            "deviations": spread(answers),
            "seconds": {"describing": round(described, 1), "a query": statistics.median(seconds)},
        }
        noted = tuple(marks(pool, opened, galleries, str(shared), answers, wanted))
    return Evaluation(recipe.name, data.name, str(data.root.resolve()), found, noted, mean(answers), answers)


def _check(data: Dataset, engine: str) -> None:
    """Refuse what no result could be trusted with."""
    if engine != "auto":
        methods.find("engines", engine)  # also where all is described already
    taken = next((photo for photo in data.photos if DISTRACTOR.match(photo)), None)
    if taken:
        raise BadData(f"The photo {taken} is named as distractors are: rename its folder.")


def _comparable(opened: Gallery, other: Gallery) -> None:
    """Raise DescribedOtherwise for a gallery of distractors that another recipe or fit has described."""
    if other.fingerprint == opened.fingerprint:
        return
    same = other.recipe.sentence() == opened.recipe.sentence()
    why = "another fit or other weights" if same else f"the recipe '{other.recipe.name}'"
    raise DescribedOtherwise(
        f"The gallery {other.folder} has {why}: name the folder of its photos, which are then described for "
        "this evaluation, or index them into a gallery with the same recipe and --fit-from."
    )


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[Gallery]:
    """The gallery of an evaluation, at rest; raises GalleryError where it is not what was written."""
    with contextlib.ExitStack() as stack:
        try:
            opened = stack.enter_context(Gallery(folder))
            stack.enter_context(opened.at_rest())
            found = next((finding.what for finding in damaged(opened)), "")
        except CutShort:
            found = "a file is cut short"
        if found:
            raise damaged_cache(folder.parent, found)
        yield opened


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


def _with_copies(data: Dataset, answers: Sequence[Answer], copies: Mapping[int, Numbers]) -> Iterator[Answer]:
    """Answers, in their order, that say which of their right photos are copies of the query."""
    asked = (place for place, question in enumerate(data.questions) if has_truth(data, question))
    for place, answer in zip(asked, answers, strict=True):
        names = tuple(data.photos[number] for number in copies.get(place, ()))
        yield dataclasses.replace(answer, copies=names) if names else answer


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
