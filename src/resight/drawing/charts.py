"""The charts of the pages about results."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from resight.drawing.canvas import COLOURS, QUIET, RIGHT, WRONG, clean, figure, heading
from resight.drawing.curves import draw_curves, protocols
from resight.evaluator import Comparison, Evaluation
from resight.evaluator.wording import query_measure_name, system_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_curve_panels(evaluation: Evaluation) -> Figure:
    """Precision against recall, a panel a protocol."""
    wanted = protocols(evaluation)
    drawn = figure(5.8 if len(wanted) == 1 else 4.0 * len(wanted), 4.2)
    for axes, protocol in zip(drawn.subplots(1, len(wanted), squeeze=False)[0], wanted, strict=True):
        draw_curves(axes, [(system_name(evaluation), evaluation)], protocol)
    return drawn


def draw_spread(evaluation: Evaluation, by: str) -> Figure:
    """How many queries have which value of a measure."""
    from matplotlib.ticker import MaxNLocator

    values = np.array([answer.values[by] for answer in evaluation.answers if by in answer.values])
    drawn = figure(5.8, 4.2)
    axes = drawn.subplots()
    counts, edges = np.histogram(values, 20, (0, max(1.0, float(values.max()))))
    axes.stairs(counts, edges, fill=True, color=COLOURS[0])
    axes.axvline(values.mean(), color=QUIET, linestyle="--", linewidth=1.2)
    axes.set_ylim(0, max(counts) * 1.1)
    axes.text(values.mean(), max(counts) * 1.04, f" mean {values.mean():.3f} ", color=QUIET, fontsize=9,
              ha="left" if values.mean() < 0.7 else "right")  # fmt: skip
    axes.set_xlim(edges[0], edges[-1])
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    clean(axes, f"{query_measure_name(by)} of a query", "queries")
    return drawn


def draw_change(comparison: Comparison) -> Figure:
    """A point a query: its value under the first across, under the second upwards."""
    by = comparison.measure
    pairs = np.array([(each.first.values[by], each.second.values[by]) for each in comparison.differences])
    gains = np.array([each.gain for each in comparison.differences])
    drawn = figure(5.8, 5.4)
    heading(drawn, f"{query_measure_name(by)} of each query")
    axes = drawn.subplots()
    end = max(1.0, float(pairs.max()))
    axes.plot([0, end], [0, end], color=QUIET, linewidth=1, zorder=1)
    kinds = (
        ("better", gains > 0, RIGHT, "^"),
        ("worse", gains < 0, WRONG, "v"),
        ("the same", gains == 0, QUIET, "o"),
    )
    for words, which, colour, marker in kinds:
        across, up = pairs[which].T
        axes.scatter(across, up, s=22, color=colour, marker=marker, alpha=0.7, zorder=2,
                     label=f"{words}: {which.sum()}")  # fmt: skip
    axes.set_xlim(-0.02 * end, 1.02 * end)
    axes.set_ylim(-0.02 * end, 1.02 * end)
    clean(axes, f"first: {system_name(comparison.first)}", f"second: {system_name(comparison.second)}")
    axes.legend(frameon=False, fontsize=9, loc="best")
    return drawn
