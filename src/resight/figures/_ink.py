"""What the figures share: a canvas, colours, photos in frames, and the marks of a result at the bottom."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from resight.images.photo import Pixels
from resight.types import Region

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

RIGHT, WRONG, JUNK, QUERY = "#1a7f37", "#cf222e", "#8c959f", "#0969da"
FRAMES = {"right": RIGHT, "wrong": WRONG, "junk": JUNK, "query": QUERY}
SIGNS = {"right": "✓", "wrong": "✗", "junk": "–", "query": "?"}

# Okabe and Ito, which readers who are blind to a colour tell apart; dashes tell them apart without any.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#b8860b", "#000000", "#7f7f7f")
DASHES = ("-", "--", "-.", ":")

TEXT, QUIET, SMALL, LABEL, TITLE = "#1b1f24", "#59636e", 8, 10, 12  # two colours, three sizes in points


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
    """The end of a long name, which tells photos apart better than its beginning."""
    return text if len(text) <= length else "…" + text[1 - length :]


def heading(figure: Figure, text: str) -> None:
    """What the whole figure shows, at its top."""
    figure.suptitle(plain(text), fontsize=TITLE, color=TEXT, x=0.01, ha="left")


def footnote(figure: Figure, marks: Iterable[str]) -> None:
    """What a reader must know of the results, small at the bottom; each mark once, in its order."""
    lines = list(dict.fromkeys(marks))
    if lines:
        wide = int(figure.get_figwidth() * 14)
        wrapped = [line for mark in lines for line in textwrap.wrap(mark, max(30, wide))]
        figure.supxlabel(plain("\n".join(wrapped)), fontsize=SMALL, color=QUIET, x=0.01, ha="left")


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


def show_photo(
    axes: Axes, pixels: Pixels | None, frame: str = "", size: tuple[int, int] | None = None
) -> None:
    """A photo (H, W, 3) with no axes around it; None: a grey place that says it is missing.

    `frame` is a verdict (right, wrong, junk, query): a thick frame of its colour and its sign in a corner.
    `size`, width and height, are those of the original: what is drawn over it is then in its pixels.
    """
    axes.set_xticks([])
    axes.set_yticks([])
    if pixels is None:
        axes.set_facecolor("#eef0f2")
        axes.text(0.5, 0.5, "missing", ha="center", va="center", fontsize=SMALL, color=QUIET,
                  transform=axes.transAxes)  # fmt: skip
        axes.set_aspect(0.75)
    else:
        width, height = size or (pixels.shape[1], pixels.shape[0])
        axes.imshow(pixels, extent=(0, width, height, 0), interpolation="antialiased")
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
    for spine in axes.spines.values():
        spine.set_visible(bool(frame))
        spine.set_linewidth(3.5)
        spine.set_edgecolor(FRAMES.get(frame, TEXT))
    if frame in SIGNS:
        axes.text(0.0, 1.0, SIGNS[frame], fontsize=LABEL, color="white", weight="bold", ha="left", va="top",
                  transform=axes.transAxes, gid=f"verdict-{frame}",
                  bbox={"facecolor": FRAMES[frame], "edgecolor": "none", "pad": 2.5})  # fmt: skip


def outline(
    axes: Axes, region: Region, colour: str = QUERY, width: float = 1.8, within: Patch | None = None
) -> None:
    """The edge of a region over a photo, on a light line so that it is seen on dark and on bright.

    What lies outside of `within`, by default the axes, is not drawn.
    """
    from matplotlib.patches import Polygon

    for line, ink in ((width + 1.6, "white"), (width, colour)):
        edge = axes.add_patch(Polygon(region.polygon, closed=True, fill=False, edgecolor=ink, linewidth=line))
        if within is not None:
            edge.set_clip_path(within)


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
