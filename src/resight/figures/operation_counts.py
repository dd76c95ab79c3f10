"""How often each operation stands in the best policies of a search. Tursun et al., ICIP 2020, figure 4."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resight.drawing.canvas import LABEL, QUERY, TEXT, clean, figure, heading
from resight.errors import BadQuery
from resight.evaluator import Study
from resight.policy import Policy

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def operation_counts(study: Study, *, name: str = "logos") -> Figure:
    """A bar an operation, for the policy `name`: a shipped one, or a file that `resight tune` wrote.

    The counts are those that the file tells; raises BadQuery for a policy that was not found by a search.
    """
    del study
    found = Policy.load(name).found
    counts = [(str(operation), int(count)) for operation, count in found.get("counts", ())]
    if not counts:
        raise BadQuery(f"The policy {name} does not say in which policies its search counted operations.")
    drawn = figure(6.5, 1.2 + 0.28 * len(counts))
    heading(drawn, f"Operations in the best policies of {found.get('search', 'a search')}")
    axes = drawn.subplots()
    places = range(len(counts))
    axes.barh(places, [count for _, count in counts], color=QUERY, height=0.7)
    axes.set_yticks(places, [operation for operation, _ in counts], fontsize=LABEL, color=TEXT)
    axes.invert_yaxis()
    clean(axes, "times in the best policies", "")
    return drawn
