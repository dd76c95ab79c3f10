"""What geometry verified: points that agree, and the region found. Philbin et al. 2007, section 4."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from resight.errors import BadQuery, BadSetting
from resight.evaluator import Answer, Evaluation, Placed, Study
from resight.evaluator.answers import MATCHED
from resight.figures._ink import (
    FRAMES,
    LABEL,
    QUERY,
    SIGNS,
    TEXT,
    figure,
    footnote,
    heading,
    outline,
    plain,
    short,
    show_photo,
)
from resight.figures._rankings import shrunk
from resight.figures._systems import System, at_least, chosen, marks
from resight.types import Match, Region

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDE = 640  # pixels of the longer side of a photo
WIDTH, ROW = 12.0, 2.6  # inches
POINT = "#ffd60a"


def matches(
    study: Study, *, queries: int = 3, hits: int = 2, lines: int = 60, order: str = "first"
) -> Figure:
    """A row a query, beside each of its first verified hits; at most so many `lines` join points that agree.

    The study's own re-rankers, if geometry is one of them, else geometry; of the first recipe. `order`:
    first, as in the data set, worst or best.
    """
    for name, value in (("hits", hits), ("lines", lines)):
        at_least(name, value, 1)
    if hits > MATCHED:
        raise BadSetting(f"'hits' is a whole number up to {MATCHED}, not {hits}.")
    evaluation = _verified(study)
    found = [answer for answer in chosen(evaluation, order, len(evaluation.answers)) if _hits(answer)]
    if not found:
        raise BadQuery(
            f"Geometry verified no hit of any query of {study.data.name}: there is nothing to draw."
        )
    drawn = figure(WIDTH, 0.6 + ROW * len(found[:queries]))
    heading(drawn, f"{study.data.name}: points that agree, {study.recipes[0].name}")
    places = drawn.subplots(len(found[:queries]), hits, squeeze=False)
    for answer, row in zip(found[:queries], places, strict=True):
        for axes in row:
            axes.axis("off")
        for axes, hit in zip(row, _hits(answer), strict=False):
            _pair(axes, evaluation, answer, hit, lines)
    footnote(drawn, marks([System(study.recipes[0].name, evaluation)]))
    return drawn


def _verified(study: Study) -> Evaluation:
    chain = tuple(study.options.get("rerank") or ())
    if any(each.partition(":")[0].strip() == "geometry" for each in chain):
        return study.evaluation(study.recipes[0])
    return study.evaluation(study.recipes[0], rerank=("geometry",))


def _hits(answer: Answer) -> list[Placed]:
    return [hit for hit in answer.top if hit.match and hit.verdict != "query"]


def _pair(axes: Axes, evaluation: Evaluation, answer: Answer, hit: Placed, lines: int) -> None:
    """Query and hit side by side, both of the same height; what is drawn is in pixels of the query."""
    asked, (width, height) = shrunk(evaluation, answer.photo, SIDE)
    there, size = shrunk(evaluation, hit.photo, SIDE)
    scale = height / size[1]
    right = (width * 1.04, width * 1.04 + size[0] * scale)
    show_photo(axes, asked, "", (width, height))
    if there is not None:
        axes.imshow(there, extent=(*right, height, 0), interpolation="antialiased")
    axes.set_xlim(0, right[1])
    match = hit.match
    if match:
        _join(axes, match, lines, right[0], scale)
    axes.text(0, 0, f"{plain(short(answer.photo, 34))}\n", fontsize=LABEL - 1, color=QUERY)
    axes.text(right[0], 0, f"{SIGNS[hit.verdict]} {plain(short(hit.photo, 32))}\n",
              fontsize=LABEL - 1, color=FRAMES[hit.verdict])  # fmt: skip
    count = match.inliers if match else 0
    agree = f"{count} points agree" + (f", {lines} drawn" if count > lines else "")
    axes.text(right[1], height, f"\n{agree}", fontsize=LABEL - 1, color=TEXT, ha="right", va="top")


def _join(axes: Axes, match: Match, lines: int, right: float, scale: float) -> None:
    from matplotlib.collections import LineCollection
    from matplotlib.patches import Rectangle

    there = match.points * scale + (right, 0)
    shown = np.linspace(0, match.inliers - 1, min(lines, match.inliers)).astype(int)
    pairs = np.stack([match.query_points, there], axis=1)[shown]
    outline(axes, match.query_region)
    photo = Rectangle((right, 0), axes.get_xlim()[1] - right, axes.get_ylim()[0], transform=axes.transData)
    outline(axes, Region.of(np.array(match.region.polygon) * scale + (right, 0)), within=photo)
    axes.add_collection(LineCollection(list(pairs), colors=POINT, linewidths=0.7, alpha=0.8), autolim=False)
    ends = pairs.reshape(-1, 2)
    axes.scatter(ends[:, 0], ends[:, 1], s=5, c=POINT, edgecolors=TEXT, linewidths=0.3, zorder=3)
