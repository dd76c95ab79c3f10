"""What a figure sets beside each other: the recipes of a study, without and with its re-rankers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from resight.errors import BadQuery, BadSetting
from resight.evaluator import Evaluation, QueryResult, Study
from resight.metrics import measure
from resight.searcher.reranking import rerankers

ORDERS = ("worst", "best", "first")


@dataclass(frozen=True)
class System:
    """A recipe, and what re-ranks its rankings, by the name that a figure prints."""

    name: str
    evaluation: Evaluation


def list_systems(study: Study, wanted: int | None = None) -> list[System]:
    """Each recipe; where the study re-ranks, each without and then with all its re-rankers.

    `wanted`: how many the figure compares, where that is a fixed number; BadQuery for more or fewer.
    """
    chain = tuple(study.options.get("rerank") or ())
    found = [
        System(name, study.evaluation(recipe, rerank=steps))
        for recipe in study.recipes
        for name, steps in _chains(recipe.name, chain, step=max(1, len(chain)))
    ]
    if wanted is not None and len(found) != wanted:
        raise BadQuery(
            f"This figure compares {wanted} rankings, and got {len(found)}: name two recipes, or one recipe "
            "and what re-ranks it, as in --rerank alpha-expansion."
        )
    return _told_apart(found)


def list_alone(study: Study) -> list[System]:
    """Each recipe without re-ranking, for a figure that re-ranking does not change."""
    return _told_apart([System(recipe.name, study.evaluation(recipe, rerank=())) for recipe in study.recipes])


def note_unranked(study: Study) -> list[str]:
    """Says that a figure is not re-ranked, where that was asked for; a wrong name is still an error."""
    return ["not re-ranked"] if rerankers(study.options.get("rerank") or ()) else []


def add_rerankers(study: Study) -> list[System]:
    """Each recipe alone, then with its first re-ranker, then with the first two, and so on."""
    chain = tuple(study.options.get("rerank") or ())
    return _told_apart(
        [
            System(name, study.evaluation(recipe, rerank=steps))
            for recipe in study.recipes
            for name, steps in _chains(recipe.name, chain, step=1)
        ]
    )


def list_caveats(found: Sequence[System]) -> list[str]:
    """What is not by the protocol, for the foot of a figure: with names where only some have it."""
    lines = []
    for caveat in dict.fromkeys(caveat for each in found for caveat in each.evaluation.caveats):
        having = [each.name for each in found if caveat in each.evaluation.caveats]
        lines.append(caveat if len(having) == len(found) else f"{', '.join(having)}: {caveat}")
    return lines


def find_measure(evaluation: Evaluation, name: str = "") -> str:
    """A measure of an evaluation by its name, by default the first; raises BadSetting for one it has not."""
    known = list(evaluation.means)
    if name and name not in known:
        raise BadSetting(
            f"The data set {evaluation.dataset} has no measure '{name}'. Known: {', '.join(known)}."
        )
    return name or known[0]


def choose_queries(evaluation: Evaluation, order: str, count: int) -> list[QueryResult]:
    """So many queries that have the first measure: the worst by it, the best, or the first there are."""
    if order not in ORDERS:
        raise BadSetting(f"'order' is {', '.join(ORDERS)}, not '{order}'.")
    check_at_least("queries", count, 1)
    by = find_measure(evaluation)
    answers = [answer for answer in evaluation.answers if by in answer.values]
    if order == "first":
        return answers[:count]
    sign = 1 if measure(by.split()[-1]).higher_is_better == (order == "worst") else -1
    return sorted(answers, key=lambda answer: sign * answer.values[by])[:count]


def find_same_query(evaluation: Evaluation, answer: QueryResult, of: Evaluation) -> QueryResult:
    """The answer to the query of an `answer` of another evaluation of the same data: they are in order."""
    place = next(i for i, one in enumerate(of.answers) if one is answer)
    return evaluation.answers[place]


def check_at_least(name: str, value: int, least: int) -> None:
    """BadSetting for a number that is too small."""
    if value < least:
        raise BadSetting(f"'{name}' is a whole number from {least} on, not {value}.")


def _chains(recipe: str, chain: tuple[str, ...], step: int) -> list[tuple[str, tuple[str, ...]]]:
    ends = range(0, len(chain) + 1, step)
    return [(" + ".join([recipe, *chain[:end]]), chain[:end]) for end in ends]


def _told_apart(found: list[System]) -> list[System]:
    """Recipes of one name are numbered."""
    names = [each.name for each in found]
    return [
        System(f"{each.name} ({names[: i + 1].count(each.name)})", each.evaluation)
        if names.count(each.name) > 1
        else each
        for i, each in enumerate(found)
    ]
