"""Mean precision against recall, nothing interpolated: the area below it is the mean average precision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from resight.drawing.canvas import clean, colour, dash, legend, plain
from resight.evaluator import Evaluation, QueryResult
from resight.evaluator.answers import kept_ranks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEVELS = 2000  # of recall; beyond, they are evenly spread, and the area is that of the mean to a thousandth

Values = NDArray[np.float64]


def mean_curve(answers: Sequence[QueryResult], protocol: str) -> tuple[Values, Values]:
    """(recall, precision), each (L,): at each recall the mean of what each query's precision is there.

    A query's precision at a recall is that at the rank of the positive which first reaches it, 0 where none
    does. The levels are all that any query has; no levels where no query has something to find.
    """
    asked = [answer for answer in answers if protocol in answer.positives]
    if not asked:
        return np.empty(0), np.empty(0)
    totals = {answer.positives[protocol] for answer in asked}
    levels = np.unique(np.concatenate([np.arange(1, total + 1) / total for total in totals]))
    if len(levels) > LEVELS:
        levels = np.arange(1, LEVELS + 1) / LEVELS
    found = np.zeros(len(levels))
    for answer in asked:
        total, ranks = answer.positives[protocol], np.array(answer.ranks[protocol], np.int64)
        counts = kept_ranks(total)
        precision = np.zeros(len(counts))
        precision[: len(ranks)] = counts[: len(ranks)] / (ranks + 1)
        found += precision[np.searchsorted(counts, np.ceil(levels * total - 1e-9))]
    return levels, found / len(asked)


def draw_curves(axes: Axes, named: Sequence[tuple[str, Evaluation]], protocol: str) -> None:
    """A line for each evaluation, with the area below it in its name."""
    for i, (name, evaluation) in enumerate(named):
        recall, precision = mean_curve(evaluation.answers, protocol)
        area = float((np.diff(recall, prepend=0.0) * precision).sum())
        axes.step(
            np.concatenate([[0.0], recall]), np.concatenate([precision[:1], precision]), where="pre",
            color=colour(i), linestyle=dash(i), linewidth=1.8, label=plain(f"{name}, area {area:.3f}"),
        )  # fmt: skip
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    clean(axes, "recall", "mean precision")
    if protocol:
        axes.set_title(plain(protocol), fontsize=10, loc="left")
    legend(axes, loc="lower left")


def protocols(evaluation: Evaluation) -> list[str]:
    """The protocols by which something is to be found, in the data set's order."""
    return list(dict.fromkeys(name for answer in evaluation.answers for name in answer.positives))
