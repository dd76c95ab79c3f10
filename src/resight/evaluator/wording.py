"""Words for what one query found: its value by a measure, how many it should find, the score of a hit."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from resight.evaluator.answers import Evaluation, QueryResult, RankedPhoto

SINGLE = {"map": "AP", "mp": "P"}  # what the mean is of


def system_name(evaluation: Evaluation) -> str:
    """The recipe, and what re-ranks it."""
    return " + ".join([evaluation.recipe, *evaluation.facts["rerank"]])


def query_measure_name(by: str) -> str:
    """A measure as it is called of one query, where there is no mean: AP for map, AP@100 for map@100."""
    protocol, _, name = by.rpartition(" ")
    for mean, own in SINGLE.items():
        if name == mean or name.startswith((f"{mean}@", f"{mean}-")):
            name = own + name.removeprefix(mean)
    return f"{protocol} {name}".strip()


def format_value(answer: QueryResult, by: str, digits: int = 3) -> str:
    """As `AP 0.142`."""
    return f"{query_measure_name(by)} {answer.values[by]:.{digits}f}"


def format_to_find(answer: QueryResult, by: str) -> str:
    """As `4 to find`: the right photos that there are by the protocol of a measure."""
    protocol = by.rpartition(" ")[0]
    return f"{answer.positives.get(protocol, 0)} to find"


def explain_outlines(answers: Iterable[QueryResult], k: int) -> list[str]:
    """What is outlined in queries, and in their first k hits; nothing of what is not drawn."""
    shown = list(answers)
    found = []
    if any(answer.box for answer in shown):
        found.append("outline in a query: the part that was looked for")
    if any(hit.region for answer in shown for hit in answer.top[:k]):
        found.append("outline in a hit: the region that geometry verified")
    return found


def format_scores(score: float, inliers: int, through: str = "") -> list[str]:
    """A score, then how many points agree where geometry verified it.

    `through`: by way of which photo it did so, if not by the query itself, whose points are no measure then.
    """
    points = [f"{inliers} points"] if inliers else []
    if through:
        points = [f"by way of {Path(through).name}"]
    return [format_score(score), *points]


def format_score(score: float) -> str:
    """With three digits."""
    return f"{score:.3f}"


def format_hit(hit: RankedPhoto) -> list[str]:
    """Of a photo of a ranking."""
    return format_scores(hit.score, hit.inliers, hit.through)
