"""Mean average precision against the numbers that are kept. Husain et al. 2019, figure 6."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from resight.dataset import BenchmarkQuery, Truth
from resight.describing.describer import Describer
from resight.drawing.canvas import LABEL, clean, colour, dash, figure, footnote, heading, plain, spread
from resight.errors import BadImage, BadQuery
from resight.evaluator import Study
from resight.evaluator.scoring import find_truth
from resight.figures._descriptors import Described, cut
from resight.figures._lists import numbers
from resight.figures._systems import check_at_least, list_alone, list_caveats, note_unranked
from resight.metrics import average_precision, ranks_of
from resight.recipe import Recipe
from resight.types import Vectors

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def dimensions(
    study: Study, *, dims: str = "8+16+32+64+128+256", queries: int = 1000, seed: int = 0
) -> Figure:
    """A line a recipe: the first `dims` numbers, l2 again; by the finite sum, as the measure `map`.

    A recipe is drawn as far as its descriptors reach. Nothing is re-ranked, and no distractors are added.
    Of more `queries` so many are drawn by `seed`, which is said. Raises BadQuery for a recipe of several
    parts, whose first numbers are those of its first part.
    """
    check_at_least("queries", queries, 1)
    wanted = sorted(numbers("dims", dims))
    for recipe in study.recipes:
        if len(recipe.parts) > 1:
            raise BadQuery(
                f"The first numbers of '{recipe.name}' are those of the first of its {len(recipe.parts)} "
                "parts alone: name a recipe of one part."
            )
    asked = [(question, truth) for question in study.data.questions for truth in question.truths.values()]
    asked = [
        (question, truth) for question, truth in asked if len(find_truth(study.data, question, truth)[0])
    ]
    notes = ["map by the finite sum, without distractors", *note_unranked(study)]
    if len(asked) > queries:
        notes.append(f"{queries} of {len(asked)} queries, drawn at random")
        chosen = np.random.default_rng(seed).choice(len(asked), queries, replace=False)
        asked = [asked[i] for i in np.sort(chosen)]
    drawn = figure(8.0, 5.0)
    heading(drawn, f"{study.data.name}: mean average precision against dimensions")
    axes = drawn.subplots()
    named = list_alone(study)
    for i, (recipe, each) in enumerate(zip(study.recipes, named, strict=True)):
        reached, values = _line(study, recipe, wanted, asked)
        axes.plot(reached, values, color=colour(i), linestyle=dash(i), marker="o", label=plain(each.name))
    axes.set_xscale("log", base=2)
    axes.set_xticks(wanted, [str(number) for number in wanted])
    axes.minorticks_off()
    axes.set_ylim(0, 1.02)
    clean(axes, "dimensions kept", "map")
    _name(axes)
    footnote(drawn, notes + list_caveats(named))
    return drawn


def _name(axes: Axes) -> None:
    """Each line's name where it ends, in its colour."""
    points = [(line, np.asarray(line.get_xydata(), np.float64)) for line in axes.lines]
    lines = [line for line, places in points if len(places)]
    ends = [places[-1].tolist() for _, places in points if len(places)]
    for line, (x, _), y in zip(lines, ends, spread([y for _, y in ends], 0.05), strict=True):
        axes.annotate(str(line.get_label()), (x, y), (8, 0), textcoords="offset points", va="center",
                      fontsize=LABEL - 1, color=line.get_color(), annotation_clip=False)  # fmt: skip


def _line(
    study: Study, recipe: Recipe, dims: list[int], asked: list[tuple[BenchmarkQuery, Truth]]
) -> tuple[list[int], list[float]]:
    described = Described(study.descriptors(recipe))
    reached = [each for each in dims if each <= described.width]
    describer = functools.cache(lambda: study.describer(recipe))
    vectors = [_vectors(study, describer, described, question, recipe.asking) for question, _ in asked]
    values = []
    for each in reached:
        shorter = described.cut(each)
        found = [_precision(study, shorter, own, *one) for own, one in zip(vectors, asked, strict=True)]
        values.append(float(np.mean(found)))
    return reached, values


def _vectors(
    study: Study,
    describer: Callable[[], Describer],
    described: Described,
    question: BenchmarkQuery,
    asking: slice,
) -> Vectors | None:
    """Of the part that is asked for; None where it could not be described."""
    place = np.flatnonzero(described.numbers == question.photo)
    if not len(place):
        return None
    if question.box is None:
        return described.rows(int(place[0]))[asking]
    try:
        return describer()(study.read(question.photo), question.box).vectors
    except (BadImage, BadQuery):  # which an evaluation marks
        return None


def _precision(
    study: Study, described: Described, vectors: Vectors | None, question: BenchmarkQuery, truth: Truth
) -> float:
    if vectors is None:
        return 0.0
    order = np.argsort(-described.scores(cut(vectors, described.width)), kind="stable")
    ranking = described.numbers[order]
    ranking = ranking[np.isin(ranking, study.data.database)]
    if not study.data.keeps_query:
        ranking = ranking[ranking != question.photo]
    positive, junk = find_truth(study.data, question, truth)
    return average_precision(ranks_of(ranking, positive, junk), len(positive))
