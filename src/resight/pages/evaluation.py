"""The result of `resight evaluate` as a self-contained page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from resight.drawing.charts import draw_curve_panels, draw_spread
from resight.drawing.saving import embed
from resight.drawing.thumbnails import thumbnail
from resight.evaluator import Evaluation, QueryResult
from resight.evaluator.published import list_published
from resight.evaluator.results import format_milliseconds
from resight.evaluator.wording import explain_outlines, format_value, query_measure_name, system_name
from resight.metrics import measure
from resight.pages.render import write_page
from resight.pages.rows import HITS, Row, make_row

QUERIES = 5  # at either end


@dataclass(frozen=True)
class Group:
    """Rows below a heading, and what is outlined in them."""

    heading: str
    key: str
    rows: tuple[Row, ...]


def write_evaluation(path: Path, evaluation: Evaluation) -> None:
    """What was measured, on what and how, curves, and the worst and the best queries in pictures.

    Raises StorageFailed.
    """
    thumbnail.cache_clear()  # a photo may have changed since
    by = next(iter(evaluation.means))
    known = list_published(evaluation.dataset)
    write_page(
        path,
        "evaluation",
        title=f"{evaluation.dataset}: {system_name(evaluation)}",
        caveats=evaluation.caveats,
        facts=list_facts(evaluation),
        measures=[
            (name, f"{value:.4f}", measure(name.split()[-1]).describe)
            for name, value in evaluation.means.items()
        ],
        published=[str(each) for each in known if each.recipe == evaluation.recipe] or list(map(str, known)),
        charts=[
            embed(draw_curve_panels(evaluation), "precision against recall"),
            embed(draw_spread(evaluation, by), f"how many queries have which {query_measure_name(by)}"),
        ],
        groups=list(_ends(evaluation, by)),
    )


def list_facts(evaluation: Evaluation) -> list[tuple[str, str]]:
    """On what, and how it was measured: (name, value) of each line."""
    facts = evaluation.facts
    distractors = f", and {facts['distractors']} distractors" if facts["distractors"] else ""
    return [
        ("data set", f"{evaluation.dataset}, in {evaluation.root}"),
        ("queries, photos", f"{facts['queries']} queries, {facts['photos']} photos{distractors}"),
        ("protocol", facts["protocol"]),
        ("recipe", evaluation.recipe),
        ("fit", facts["fit"]),
        ("re-ranked", ", then ".join(facts["rerank"]) or "no"),
        ("time", f"{format_milliseconds(facts['seconds']['a query'])} a query"),
        ("fingerprint", facts["fingerprint"]),
        ("hash of photos and truth", facts["data_hash"]),
        ("Resight", facts["version"]),
    ]


def explain_rows(answers: Sequence[QueryResult]) -> str:
    """What is outlined in rows of these answers; "" where nothing is."""
    return "; ".join(explain_outlines(answers, HITS))


def _ends(evaluation: Evaluation, by: str) -> Iterator[Group]:
    """The worst queries, then the best of the others."""
    sign = 1 if measure(by.split()[-1]).higher_is_better else -1
    answers = [answer for answer in evaluation.answers if by in answer.values]
    answers.sort(key=lambda answer: sign * answer.values[by])
    best = answers[max(QUERIES, len(answers) - QUERIES) :][::-1]
    for words, shown in (("The worst queries", answers[:QUERIES]), ("The best queries", best)):
        if shown:
            rows = (
                make_row(evaluation, answer, by, f"{answer.query}: {format_value(answer, by, 4)}")
                for answer in shown
            )
            yield Group(f"{words} by {query_measure_name(by)}", explain_rows(shown), tuple(rows))
