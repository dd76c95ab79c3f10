"""The curves of a training run: loss, distances, collapse and the held photos, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from resight.drawing.canvas import clean, colour, figure, legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Each panel: what stands beside it, and the columns of a run's rows that it shows.
PANELS: dict[str, Sequence[str]] = {
    "loss": ("loss",),
    "squared distance": ("positive", "negative"),
    "share": ("active", "spread"),
    "gradient norm": ("gradient",),
}
SMOOTH = 0.02  # of the steps: the width of a running mean


def draw_training(rows: Sequence[Mapping[str, Any]], held: str) -> Figure:
    """The rows of `metrics.jsonl` as curves; `held` names the measure of the held photos."""
    measured = [row for row in rows if held in row]
    steps = [row for row in rows if "loss" in row]
    drawn = figure(11.0, 6.4)
    panels = drawn.subplots(2, 3).ravel()
    for axes, (name, columns) in zip(panels, PANELS.items(), strict=False):
        for number, column in enumerate(columns):
            _draw(axes, steps, column, number)
        clean(axes, "step", name)
        if len(columns) > 1:
            legend(axes)
    _draw(panels[4], steps, "rate", 0)
    clean(panels[4], "step", "learning rate")
    panels[5].plot([row["step"] for row in measured], [row[held] for row in measured], "o-", color=colour(2))
    clean(panels[5], "step", f"{held} of held photos")
    return drawn


def _draw(axes: Axes, rows: Sequence[Mapping[str, Any]], column: str, number: int) -> None:
    """The values, pale, and their running mean."""
    across = np.array([row["step"] for row in rows])
    values = np.array([row[column] for row in rows], float)
    axes.plot(across, values, color=colour(number), alpha=0.25, linewidth=0.8)
    width = max(1, int(len(values) * SMOOTH))
    if len(values) >= width:
        means = np.convolve(values, np.ones(width) / width, mode="valid")
        axes.plot(across[width - 1 :], means, color=colour(number), label=column)
