"""A photo through every operation, at its ten magnitudes. Tursun et al., ICIP 2020, section 2.1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resight.drawing.canvas import LABEL, TEXT, figure, heading
from resight.drawing.photos import show_photo
from resight.evaluator import Study
from resight.figures._operated import drawn_photo, seen_through
from resight.policy import variants

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INCHES = 0.95


def operations(study: Study, *, seed: int = 0, size: int = 224) -> Figure:
    """A row an operation, a column a magnitude, on one photo that is drawn by `seed`, warped to a square.

    The square has `size` pixels. An operation that has no strength stands there once. Each picture is drawn
    as large as the others, whatever its own pixels are.
    """
    photo = drawn_photo(study, seed)
    rows: dict[str, list[str]] = {}
    for text in variants():
        rows.setdefault(text.partition(":")[0], []).append(text)
    drawn = figure(1.4 + 10 * INCHES, 0.7 + INCHES * len(rows))
    heading(drawn, f"{study.data.name}: the operations of policies, magnitudes 1 to 10")
    grid = drawn.subplots(len(rows), 10, squeeze=False)
    for line, (name, texts) in zip(grid, rows.items(), strict=True):
        line[0].set_title(name, fontsize=LABEL, color=TEXT, loc="left")
        for place, axes in enumerate(line):
            if place < len(texts):
                show_photo(axes, seen_through(photo, texts[place], size).pixels, size=(1, 1))
            else:
                axes.set_axis_off()
    return drawn
