"""The result of `resight compare` as a self-contained page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from resight.drawing.charts import draw_change
from resight.drawing.saving import embed
from resight.drawing.thumbnails import thumbnail
from resight.evaluator import Comparison, Difference
from resight.evaluator.wording import format_value, system_name
from resight.pages.evaluation import QUERIES, Group, explain_rows, list_facts
from resight.pages.render import write_page
from resight.pages.rows import Row, make_row


def write_comparison(path: Path, comparison: Comparison, k: int = QUERIES) -> None:
    """Both results, the test of their difference in words, and the k largest gains and losses in pictures.

    Raises StorageFailed.
    """
    thumbnail.cache_clear()  # a photo may have changed since
    first, second = comparison.first, comparison.second
    gains = [each for each in comparison.differences[:k] if each.gain > 0]
    losses = [each for each in comparison.differences[::-1][:k] if each.gain < 0]
    groups = (("Largest gains", gains), ("Largest losses", losses))
    write_page(
        path,
        "comparison",
        title=f"{first.dataset}: from {system_name(first)} to {system_name(second)}",
        caveats=[f"the first: {caveat}" for caveat in first.caveats]
        + [f"the second: {caveat}" for caveat in second.caveats],
        facts=[
            (name, one, other)
            for (name, one), (_, other) in zip(list_facts(first), list_facts(second), strict=True)
        ],
        tested=_describe_test(comparison),
        chart=embed(draw_change(comparison), "the value of each query under both"),
        groups=[_group(words, shown, comparison) for words, shown in groups if shown],
    )


def _describe_test(comparison: Comparison) -> list[str]:
    test, by = comparison.test, comparison.measure
    one, other = (each.means[by] for each in (comparison.first, comparison.second))
    change = "better" if test.mean > 0 else "worse" if test.mean < 0 else "neither better nor worse"
    lines = [
        f"By {by} the first has {one:.4f} and the second {other:.4f}.",
        f"Over {test.queries} queries the second is {change}: {test.mean:+.4f} on average, counted so that "
        f"more is better; {test.changed} of them changed.",
        "If the two were alike, and chance gave each change its sign, the mean would be as far from 0 with "
        f"a probability of p = {test.p:.4f}.",
    ]
    if test.queries > 1:
        span = f"{test.low:+.4f} to {test.high:+.4f}"
        lines.append(f"95 % interval of the mean, by queries drawn again: {span}.")
    return lines


def _group(words: str, shown: Sequence[Difference], comparison: Comparison) -> Group:
    answers = [answer for each in shown for answer in (each.first, each.second)]
    rows = (row for each in shown for row in _rows(each, comparison))
    return Group(words, explain_rows(answers), tuple(rows))


def _rows(each: Difference, comparison: Comparison) -> Iterator[Row]:
    """The query under both; the first row is headed by what changed."""
    by, change = comparison.measure, "gain" if each.gain > 0 else "loss"
    heading = f"{each.first.query}: {change} {each.gain:+.4f}"
    for which, evaluation, answer in (
        ("the first", comparison.first, each.first), ("the second", comparison.second, each.second),
    ):  # fmt: skip
        words = f"{which}, {system_name(evaluation)}: {format_value(answer, by, 4)}"
        yield make_row(evaluation, answer, by, heading, words)
        heading = ""
