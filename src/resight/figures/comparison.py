"""A measure of recipes and re-rankers as bars, with what chance in the queries does to it. Efron 1979."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from resight.drawing.canvas import LABEL, TEXT, clean, colour, figure, footnote, heading, lighter, plain
from resight.evaluator import Study
from resight.figures._systems import add_rerankers, find_measure, list_caveats
from resight.metrics import interval
from resight.metrics import measure as measure_named

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def comparison(study: Study, *, measure: str = "") -> Figure:
    """A bar a recipe, and one more for each re-ranker that is added to it; by default the first measure.

    The lines are 95 % intervals of the mean, by the percentile bootstrap over queries.
    """
    found = add_rerankers(study)
    by = find_measure(found[0].evaluation, measure)
    drawn = figure(10.0, 1.6 + 0.5 * len(found))
    heading(drawn, f"{study.data.name}: {by}, with its 95 % interval over queries")
    axes = drawn.subplots()
    each_has = len(found) // len(study.recipes)
    for i, system in enumerate(found):
        values = [answer.values[by] for answer in system.evaluation.answers if by in answer.values]
        low, high = interval(np.array(values))
        mean = system.evaluation.means[by]
        full = colour(i // each_has)
        axes.barh(i, mean, color=lighter(full) if i % each_has else full, height=0.6)
        if np.isfinite(low):
            axes.hlines(i, low, high, color=TEXT, linewidth=1.6)
        axes.text(max(mean, high if np.isfinite(high) else 0), i, f"  {mean:.3f}", va="center",
                  fontsize=LABEL, color=TEXT)  # fmt: skip
    clean(
        axes, f"{by}, {'higher' if measure_named(by.split()[-1]).higher_is_better else 'lower'} is better", ""
    )
    axes.set_yticks(range(len(found)), [plain(each.name) for each in found])
    axes.invert_yaxis()
    axes.set_xlim(0, max(1.0, axes.get_xlim()[1]))
    axes.grid(False, axis="y")
    footnote(drawn, list_caveats(found))
    return drawn
