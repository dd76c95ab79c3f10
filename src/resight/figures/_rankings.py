"""One query's ranking as a row of photos: the query with its box, then hits in frames of their verdicts."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from resight import images
from resight.areas import rectangle
from resight.errors import BadImage
from resight.evaluator import Answer, Evaluation, Placed
from resight.figures._ink import (
    LABEL,
    QUERY,
    QUIET,
    SMALL,
    TEXT,
    figure,
    footnote,
    heading,
    outline,
    plain,
    show_photo,
)
from resight.images.photo import Pixels
from resight.types import Region

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDE = 320  # pixels of the longer side of a photo in a row: as many as a print shows

WIDTH, MARGIN, GAP, LARGEST = 12.0, 0.15, 0.1, 1.8  # inches: the whole, its edges, between cells, a cell
HEAD, ABOVE, BELOW, FOOT = 0.5, 0.3, 0.22, 0.2  # inches: the heading, a row's line and its scores, a mark

Size = tuple[int, int]


@dataclass(frozen=True)
class Row:
    """A ranking, and the line above it."""

    evaluation: Evaluation
    answer: Answer
    title: str


def sheet(rows: Sequence[Row], k: int, title: str, marks: Sequence[str]) -> Figure:
    """A row a ranking, its query and then its first k hits, all cells of one size."""
    side = (WIDTH - 2 * MARGIN) / (k + 1)
    cell = min(LARGEST, side) - GAP
    row = 0.8 * cell + ABOVE + BELOW
    height = HEAD + len(rows) * row + FOOT * (1 + len(marks))
    drawn = figure(WIDTH, height)
    drawn.set_layout_engine("none")  # cells stand in line whatever is written around them
    heading(drawn, title)
    for i, one in enumerate(rows):
        bottom = height - HEAD - i * row - ABOVE - 0.8 * cell
        cells = [
            drawn.add_axes(
                ((MARGIN + j * (cell + GAP)) / WIDTH, bottom / height, cell / WIDTH, 0.8 * cell / height)
            )
            for j in range(k + 1)
        ]
        draw_row(cells, one)
        drawn.text(MARGIN / WIDTH, (bottom + 0.8 * cell + 0.07) / height, plain(one.title),
                   fontsize=LABEL, color=TEXT)  # fmt: skip
    footnote(drawn, marks)
    return drawn


def draw_row(cells: Sequence[Axes], row: Row) -> None:
    """The query into the first axes, and its hits into the others."""
    show_query(cells[0], row.evaluation, row.answer)
    for i, axes in enumerate(cells[1:]):
        if i < len(row.answer.top):
            show_hit(axes, row.evaluation, row.answer.top[i])
        else:
            axes.axis("off")
    if row.answer.failure:
        cells[1].text(0, 0.5, plain(row.answer.failure), fontsize=SMALL, color=QUIET,
                      transform=cells[1].transAxes)  # fmt: skip


def show_query(axes: Axes, evaluation: Evaluation, answer: Answer, side: int = SIDE) -> None:
    """A blue frame, and the box that was asked for."""
    pixels, size = shrunk(evaluation, answer.photo, side)
    show_photo(axes, pixels, "query", size)
    if answer.box and pixels is not None:
        x, y, width, height = answer.box
        outline(axes, Region.of(rectangle(y, x, y + height, x + width)), QUERY, 2.2)


def show_hit(axes: Axes, evaluation: Evaluation, hit: Placed, side: int = SIDE) -> None:
    """The frame of its verdict, the region that geometry verified, the score and how many points agree."""
    pixels, size = shrunk(evaluation, hit.photo, side)
    show_photo(axes, pixels, hit.verdict, size)
    if hit.region and pixels is not None:
        outline(axes, hit.region)
    axes.set_xlabel(worth(hit), fontsize=SMALL, color=QUIET, labelpad=2)


def worth(hit: Placed) -> str:
    """Its score, and how many points agree, where geometry verified it; said once where they are the same."""
    counted = hit.score > 1 and float(hit.score).is_integer()  # points, and no similarity
    score = f"{hit.score:.0f}" if counted else f"{hit.score:.3f}"
    if not hit.inliers:
        return score
    points = f"{hit.inliers} points"
    return points if hit.score == hit.inliers else f"{score}, {points}"


def shrunk(evaluation: Evaluation, photo: str, side: int) -> tuple[Pixels | None, Size]:
    """A photo of a ranking no larger than it is drawn, and the size of its upright original.

    One that is gone, or cannot be read, is None.
    """
    fit = functools.partial(_fit, side)
    try:
        read = images.read(evaluation.file(photo), enough=fit, turn=evaluation.turn(photo))
    except BadImage:
        return None, (4, 3)
    return images.resize(read.pixels, *fit(read.width, read.height)), (read.width, read.height)


def _fit(side: int, width: int, height: int) -> Size:
    scale = min(1.0, side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))
