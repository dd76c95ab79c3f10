"""Precision against recall, the mean over queries, a line a recipe. Philbin et al. 2007, section 3.4."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resight.drawing.canvas import figure, footnote, heading
from resight.drawing.curves import draw_curves, protocols
from resight.evaluator import Study
from resight.figures._systems import list_caveats, list_systems

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def precision_recall(study: Study) -> Figure:
    """A panel a protocol; where the study re-ranks, each recipe without and with it."""
    found = list_systems(study)
    wanted = protocols(found[0].evaluation)
    drawn = figure(max(8.0, 4.2 * len(wanted)), 5.0)
    heading(drawn, f"{study.data.name}: precision and recall, mean over queries")
    named = [(each.name, each.evaluation) for each in found]
    for axes, protocol in zip(drawn.subplots(1, len(wanted), squeeze=False)[0], wanted, strict=True):
        draw_curves(axes, named, protocol)
    footnote(drawn, list_caveats(found))
    return drawn
