"""An empty figure, its colours and letters, its heading, and the caveats of a result at the bottom."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RIGHT, WRONG, JUNK, QUERY = "#1a7f37", "#cf222e", "#8c959f", "#0969da"

# Okabe and Ito, which readers who are blind to a colour tell apart; dashes tell them apart without any.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#b8860b", "#000000", "#7f7f7f")
DASHES = ("-", "--", "-.", ":")

TEXT, QUIET, SMALL, LABEL, TITLE = "#1b1f24", "#59636e", 8, 10, 12  # two colours, three sizes in points
RULE = "#c4ccd4"
EDGE = 0.08  # inches between what is written and the edge of the figure
LETTER, LINE = 0.64, 1.42  # of a size: the width of a digit, which few letters exceed, and a line's height


def figure(width: float, height: float) -> Figure:
    """An empty one, in inches; at 100 dots an inch it is read on a screen."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06)
    return Figure(figsize=(width, height), layout=layout, dpi=100, facecolor="white")


def plain(text: str) -> str:
    """Any name as matplotlib shows it letter by letter: a dollar begins no formula."""
    return text.encode("utf8", "replace").decode().replace("$", r"\$")


def short(text: str, length: int) -> str:
    """A long name without its middle: its folder and its end tell photos apart."""
    if len(text) <= length:
        return text
    end = max(1, 2 * (length - 1) // 3)
    return f"{text[: max(0, length - 1 - end)]}…{text[-end:]}"


def letters(inches: float, points: float) -> int:
    """How many fit into a line."""
    return max(1, int(inches * 72 / (LETTER * points)))


def shorten_to(text: str, inches: float, points: float) -> str:
    """As much of a name as fits."""
    return short(text, letters(inches, points))


def wrap(text: str, inches: float, points: float) -> list[str]:
    """The lines of a text within a figure of this width."""
    return textwrap.wrap(text, max(20, letters(inches - 2 * EDGE, points)), break_on_hyphens=False)


def tall(lines: Sequence[str], points: float) -> float:
    """Inches that lines take at the upper or the lower edge of a figure."""
    return EDGE + len(lines) * LINE * points / 72


def heading(figure: Figure, text: str) -> None:
    """What the whole figure shows, at its top."""
    width, height = figure.get_size_inches()
    lines = "\n".join(wrap(text, width, TITLE))
    given = {} if _lays_out(figure) else {"y": 1 - EDGE / height, "va": "top"}
    figure.suptitle(plain(lines), fontsize=TITLE, color=TEXT, x=EDGE / width, ha="left", **given)


def footnote(figure: Figure, caveats: Iterable[str]) -> None:
    """What a reader must know of the results, small at the bottom; each caveat once, in its order."""
    width, height = figure.get_size_inches()
    lines = [line for caveat in dict.fromkeys(caveats) for line in wrap(caveat, width, SMALL)]
    if lines:
        given = {} if _lays_out(figure) else {"y": EDGE / height, "va": "bottom"}
        figure.supxlabel(
            plain("\n".join(lines)), fontsize=SMALL, color=QUIET, x=EDGE / width, ha="left", **given
        )


def _lays_out(figure: Figure) -> bool:
    """Whether the figure finds room for what stands at its edges: it does only where it may choose where."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    return isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine)


def colour(number: int) -> str:
    """The colour of a recipe by its place."""
    return COLOURS[number % len(COLOURS)]


def dash(number: int) -> str:
    """The line style of a recipe by its place: another where the colours begin anew."""
    return DASHES[number // len(COLOURS) % len(DASHES)]


def clean(axes: Axes, across: str, down: str) -> None:
    """Labels of both axes, a light grid, and no box around it."""
    axes.set_xlabel(plain(across), fontsize=LABEL, color=TEXT)
    axes.set_ylabel(plain(down), fontsize=LABEL, color=TEXT)
    axes.tick_params(labelsize=LABEL - 1, colors=QUIET)
    axes.grid(True, color="#e4e8ec", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def legend(axes: Axes, **more: Any) -> None:
    """Names beside their lines or bars, without a frame."""
    axes.legend(frameon=False, fontsize=LABEL - 1, labelcolor=TEXT, **more)


def lighter(colour: str) -> tuple[float, ...]:
    """Halfway to white."""
    from matplotlib.colors import to_rgb

    return tuple((1 + part) / 2 for part in to_rgb(colour))


def spread(values: Sequence[float], apart: float) -> list[float]:
    """Heights for labels at these values, moved up where two would stand closer than `apart`."""
    places = [0.0] * len(values)
    last = float("-inf")
    for i in sorted(range(len(values)), key=lambda i: values[i]):
        places[i] = last = max(values[i], last + apart)
    return places
