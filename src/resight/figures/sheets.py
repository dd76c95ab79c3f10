"""Ranked sheets of queries and first hits. Jeong et al. 2017, figure 2; Tursun et al. 2020, figures 5-9."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resight.evaluator import Study
from resight.figures._ink import short
from resight.figures._rankings import Row, sheet
from resight.figures._systems import at_least, chosen, marks, measured, same_query, systems

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def sheets(study: Study, *, queries: int = 5, k: int = 10, order: str = "worst") -> Figure:
    """A row a query: itself in blue, then its first k hits: green is right, red wrong, grey does not count.

    Where there are several recipes, or re-rankers, each query has a row for each of them. `order`: worst,
    best, by the first measure under the first recipe, or first, as in the data set.
    """
    at_least("k", k, 1)
    found = systems(study)
    by = measured(found[0].evaluation)
    rows = []
    for answer in chosen(found[0].evaluation, order, queries):
        for system in found:
            other = same_query(system.evaluation, answer)
            name = f"{system.name}   " if len(found) > 1 else ""
            query = f"{short(answer.query, 50)}   " if system is found[0] else ""
            rows.append(Row(system.evaluation, other, f"{query}{name}{by} {other.values[by]:.3f}"))
    return sheet(rows, k, f"{study.data.name}: the {order} queries by {by}", marks(found))
