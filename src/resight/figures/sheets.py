"""Ranked sheets of queries and first hits. Jeong et al. 2017, figure 2; Tursun et al. 2020, figures 5-9."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from resight.drawing.canvas import short
from resight.drawing.rankings import Row, sheet
from resight.evaluator import QueryResult, Study
from resight.evaluator.wording import format_value, query_measure_name
from resight.figures._systems import (
    System,
    check_at_least,
    choose_queries,
    find_measure,
    find_same_query,
    list_caveats,
    list_systems,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


NAME = 90  # letters of a query's name


def sheets(study: Study, *, queries: int = 5, k: int = 10, order: str = "worst") -> Figure:
    """A row a query: itself in blue, then its first k hits: green is right, red wrong, grey does not count.

    Where there are several recipes, or re-rankers, each query has a row for each of them. `order`: worst,
    best, by the first measure under the first recipe, or first, as in the data set.
    """
    check_at_least("k", k, 1)
    found = list_systems(study)
    by = find_measure(found[0].evaluation)
    rows = [
        row
        for answer in choose_queries(found[0].evaluation, order, queries)
        for row in _rows(found, answer, by)
    ]
    of = f", {found[0].name}" if len(found) == 1 else ""
    return sheet(
        rows,
        k,
        f"{study.data.name}{of}: the {order} queries by {query_measure_name(by)}",
        list_caveats(found),
    )


def _rows(found: Sequence[System], answer: QueryResult, by: str) -> list[Row]:
    """One line above a single ranking; the query begins a group where there are several."""
    name = short(answer.query, NAME)
    if len(found) == 1:
        return [Row(found[0].evaluation, answer, by, f"{name}   {format_value(answer, by)}")]
    rows = []
    for i, system in enumerate(found):
        own = find_same_query(system.evaluation, answer, found[0].evaluation)
        rows.append(
            Row(system.evaluation, own, by, f"{system.name}   {format_value(own, by)}", "" if i else name)
        )
    return rows
