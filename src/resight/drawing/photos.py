"""Photos in frames of their verdicts, and what is drawn over them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from resight import images
from resight.drawing.canvas import JUNK, LABEL, QUERY, QUIET, RIGHT, RULE, SMALL, WRONG
from resight.errors import BadImage
from resight.evaluator import Evaluation
from resight.images.photo import Pixels
from resight.types import Region

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch

FRAMES = {"right": RIGHT, "wrong": WRONG, "junk": JUNK, "query": QUERY}
SIGNS = {"right": "✓", "wrong": "✗", "junk": "–", "query": "?"}

Size = tuple[int, int]


def show_photo(
    axes: Axes, pixels: Pixels | None, frame: str = "", size: tuple[int, int] | None = None
) -> None:
    """A photo (H, W, 3) with no axes around it; None: a grey place that says it is missing.

    `frame` is a verdict (right, wrong, junk, query): a thick frame of its colour and its sign in a corner;
    without one a thin line keeps a white photo from vanishing.
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
        spine.set_linewidth(3.5 if frame else 0.6)
        spine.set_edgecolor(FRAMES.get(frame, RULE))
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


def shrink(evaluation: Evaluation, photo: str, side: int) -> tuple[Pixels | None, Size]:
    """A photo of a ranking no larger than it is drawn, and the size of its upright original.

    One that is gone, or cannot be read, is None.
    """
    fit = functools.partial(images.size_within, side)
    try:
        read = images.read(evaluation.file(photo), enough=fit, turn=evaluation.turn(photo))
    except BadImage:
        return None, (4, 3)
    return images.resize(read.pixels, *fit(read.width, read.height)), (read.width, read.height)
