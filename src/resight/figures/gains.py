"""Queries of the largest gain and loss between two rankings. Husain et al. 2019, figure 7."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from resight.drawing.canvas import short
from resight.drawing.rankings import Row, sheet
from resight.evaluator import Difference, Study, compare
from resight.evaluator.wording import format_value, query_measure_name
from resight.figures._systems import System, check_at_least, find_measure, list_caveats, list_systems

if TYPE_CHECKING:
    from matplotlib.figure import Figure


NAME = 90  # letters of a query's name


def gains(study: Study, *, queries: int = 3, k: int = 10, measure: str = "") -> Figure:
    """What gains and what loses most, each query under both: two recipes, or without and with re-ranking.

    So many `queries` of the largest gain, and as many of the largest loss, by a `measure` of the data set, by
    default its first; `k` hits of each.
    """
    check_at_least("queries", queries, 1)
    check_at_least("k", k, 1)
    pair = list_systems(study, wanted=2)
    first, second = pair
    by = find_measure(first.evaluation, measure)
    differences = compare(first.evaluation, second.evaluation, by).differences
    shown = [each for each in differences[:queries] if each.gain > 0]
    shown += [each for each in differences[::-1][:queries] if each.gain < 0]
    rows = [row for each in shown for row in _rows(pair, each, by)]
    unchanged = "" if rows else ": no query changed"
    title = (
        f"{study.data.name}: largest gains and losses by {query_measure_name(by)}, from {first.name} to "
        f"{second.name}{unchanged}"
    )
    return sheet(rows, k, title, list_caveats(pair))


def _rows(pair: Sequence[System], each: Difference, by: str) -> list[Row]:
    first, second = pair
    change = f"{'gain' if each.gain > 0 else 'loss'} {each.gain:+.3f}   {short(each.first.query, NAME)}"
    return [
        Row(first.evaluation, each.first, by, f"{first.name}   {format_value(each.first, by)}", change),
        Row(second.evaluation, each.second, by, f"{second.name}   {format_value(each.second, by)}"),
    ]
