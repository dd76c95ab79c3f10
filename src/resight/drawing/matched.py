"""A query and a photo that geometry verified, side by side, with lines between the points that agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from resight.drawing.canvas import QUERY, TEXT, plain, shorten_to
from resight.drawing.photos import FRAMES, SIGNS, Size, outline, show_photo, shrink
from resight.evaluator import Evaluation, QueryResult, RankedPhoto
from resight.images.photo import Pixels
from resight.types import Match, Region

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BETWEEN = 0.04  # of the query's width, from it to the photo beside it
NAMES = 9  # points
POINT = "#ffd60a"
BESIDE: dict[str, Any] = {"annotation_clip": False, "textcoords": "offset points", "fontsize": NAMES}


@dataclass(frozen=True)
class Pair:
    """A query and a verified hit as they are drawn: `size` of the hit, `query_size` of the query."""

    answer: QueryResult
    hit: RankedPhoto
    query: Pixels | None
    query_size: Size
    photo: Pixels | None
    size: Size

    @property
    def scale(self) -> float:
        """From pixels of the hit to those of the query, where both are of one height."""
        return self.query_size[1] / self.size[1]

    @property
    def left(self) -> float:
        """Where the hit begins, in pixels of the query, like all that is drawn."""
        return self.query_size[0] * (1 + BETWEEN)

    @property
    def right(self) -> float:
        """Where it ends."""
        return self.left + self.size[0] * self.scale

    @property
    def ratio(self) -> float:
        """Width by height of both together."""
        return self.right / self.query_size[1]

    def high(self, wide: float, most: float) -> float:
        """Inches of both in a place so wide."""
        return min(most, wide / self.ratio)


def join_photos(evaluation: Evaluation, answer: QueryResult, hit: RankedPhoto, side: int) -> Pair:
    """Both photos, no larger than so many pixels."""
    query, photo = (shrink(evaluation, name, side) for name in (answer.photo, hit.photo))
    return Pair(answer, hit, *query, *photo)


def draw(axes: Axes, pair: Pair, lines: int, high: float) -> None:
    """Both side by side, so many inches high; at most so many lines between them."""
    show_photo(axes, pair.query, "", pair.query_size)
    height = pair.query_size[1]
    if pair.photo is not None:
        axes.imshow(pair.photo, extent=(pair.left, pair.right, height, 0), interpolation="antialiased")
    axes.set_xlim(0, pair.right)
    axes.set_ylim(height, 0)
    if pair.hit.match:
        _join(axes, pair.hit.match, lines, pair)
    _name(axes, pair, high / height)
    count = pair.hit.inliers
    agree = f"{count} points agree" + (f", {lines} drawn" if count > lines else "")
    axes.annotate(agree, (0, height), (0, -4), va="top", color=TEXT, **BESIDE)


def _name(axes: Axes, pair: Pair, inch: float) -> None:
    """Both photos, each above itself, as far as it reaches; `inch` takes pixels of the query to inches."""
    asked = shorten_to(pair.answer.photo, pair.query_size[0] * inch, NAMES)
    there = shorten_to(f"{SIGNS[pair.hit.verdict]} {pair.hit.photo}", (pair.right - pair.left) * inch, NAMES)
    axes.annotate(plain(asked), (0, 0), (0, 4), va="bottom", color=QUERY, **BESIDE)
    axes.annotate(plain(there), (pair.left, 0), (0, 4), va="bottom", color=FRAMES[pair.hit.verdict], **BESIDE)


def _join(axes: Axes, match: Match, lines: int, pair: Pair) -> None:
    from matplotlib.collections import LineCollection
    from matplotlib.patches import Rectangle

    right = (pair.left, 0.0)
    there = match.points * pair.scale + right
    shown = np.linspace(0, match.inliers - 1, min(lines, match.inliers)).astype(int)
    pairs = np.stack([match.query_points, there], axis=1)[shown]
    outline(axes, match.query_region)
    photo = Rectangle(right, pair.right - pair.left, pair.query_size[1], transform=axes.transData)
    outline(axes, Region.of(np.array(match.region.polygon) * pair.scale + right), within=photo)
    axes.add_collection(LineCollection(list(pairs), colors=POINT, linewidths=0.7, alpha=0.8), autolim=False)
    ends = pairs.reshape(-1, 2)
    axes.scatter(ends[:, 0], ends[:, 1], s=5, c=POINT, edgecolors=TEXT, linewidths=0.3, zorder=3)
