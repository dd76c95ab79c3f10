"""Patches as tiles in rows: a reference below its photo's name, then others above their distances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from resight.drawing.canvas import QUERY, QUIET, RULE, SMALL, plain, shorten_to
from resight.images.photo import Pixels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TILE = 0.92  # a patch in widths of its place
ABOVE, BELOW = 0.2, 0.26  # inches: the photo's name, and the distances


@dataclass(frozen=True)
class Cluster:
    """The photo of the reference, its patch, then those of its nearest with their distances."""

    photo: str
    patches: list[Pixels]
    distances: list[float]


def step(place: float) -> float:
    """Inches from a row to the next, where a place is so wide."""
    return ABOVE + TILE * place + BELOW


def draw_clusters(axes: Axes, clusters: Sequence[Cluster], most: int, place: float) -> None:
    """A row a cluster, of tiles in places that count from 0; a place is so many inches."""
    down = step(place) / place
    for row, cluster in enumerate(clusters):
        top = row * down + ABOVE / place
        for column, pixels in enumerate(cluster.patches):
            axes.imshow(pixels, extent=(column, column + TILE, top + TILE, top), interpolation="antialiased")
            _frame(axes, column, top)
        axes.text(0, top - 0.04, plain(shorten_to(cluster.photo, place * (1 + most), SMALL)), va="bottom",
                  fontsize=SMALL, color=QUERY)  # fmt: skip
        for column, distance in enumerate(cluster.distances, start=1):
            axes.text(column, top + TILE + 0.03, f"{distance:.2f}", va="top", fontsize=SMALL, color=QUIET)
    axes.set_xlim(0, 1 + most)
    axes.set_ylim(down * len(clusters), 0)
    axes.axis("off")


def _frame(axes: Axes, column: int, top: float) -> None:
    """Blue around the first, thin around the others: a white patch would vanish."""
    from matplotlib.patches import Rectangle

    ink, width = (RULE, 0.8) if column else (QUERY, 3.0)
    axes.add_patch(
        Rectangle((column, top), TILE, TILE, fill=False, edgecolor=ink, linewidth=width, clip_on=False)
    )
