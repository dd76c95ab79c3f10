"""A figure laid out by inches from its upper left corner: nothing moves when it grows tall or wide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from resight.drawing.canvas import (
    LABEL,
    RULE,
    SMALL,
    TEXT,
    TITLE,
    figure,
    footnote,
    heading,
    plain,
    tall,
    wrap,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, MARGIN = 12.0, 0.15  # inches: what a page shows, and its edges
SPACE = 0.15  # between the body and what is written above and below it


@dataclass(frozen=True)
class Paper:
    """What is placed on it is placed from `top`, in inches below the upper edge, where its body begins."""

    figure: Figure
    top: float

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes of this size in inches."""
        across, down = self._size()
        return self.figure.add_axes(
            (left / across, 1 - (self.top + top + height) / down, width / across, height / down)
        )

    def write(self, left: float, top: float, text: str, **more: Any) -> None:
        """A line of any text, whose letters hang from `top`."""
        across, down = self._size()
        given: dict[str, Any] = {"fontsize": LABEL, "color": TEXT, "va": "top"} | more
        self.figure.text(left / across, 1 - (self.top + top) / down, plain(text), **given)

    def rule(self, top: float) -> None:
        """A thin line from edge to edge."""
        from matplotlib.lines import Line2D

        across, down = self._size()
        ends, height = (MARGIN / across, 1 - MARGIN / across), 1 - (self.top + top) / down
        self.figure.add_artist(Line2D(ends, (height, height), color=RULE, linewidth=0.8))

    def _size(self) -> tuple[float, float]:
        across, down = self.figure.get_size_inches()
        return float(across), float(down)


def paper(title: str, notes: Sequence[str], height: float, width: float = WIDTH) -> Paper:
    """An empty body so high, in inches, below the title and above the notes, however long these are."""
    lines = list(dict.fromkeys(notes))
    above = tall(wrap(title, width, TITLE), TITLE) + SPACE
    below = tall([line for note in lines for line in wrap(note, width, SMALL)], SMALL) + SPACE
    drawn = figure(width, above + height + below)
    drawn.set_layout_engine("none")
    heading(drawn, title)
    footnote(drawn, lines)
    return Paper(drawn, above)
