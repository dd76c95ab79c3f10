"""One query's ranking as a row of photos: the query with its box, then hits in frames of their verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from resight.areas import rectangle
from resight.drawing.canvas import QUERY, QUIET, SMALL, plain
from resight.drawing.layout import MARGIN, WIDTH, Paper, paper
from resight.drawing.photos import SIGNS, outline, show_photo, shrink
from resight.evaluator import Evaluation, QueryResult, RankedPhoto
from resight.evaluator.wording import explain_outlines, format_hit, format_to_find
from resight.types import Region

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDE = 320  # pixels of the longer side of a photo in a row: as many as a print shows
GAP, SMALLEST, LARGEST = 0.1, 0.95, 1.8  # inches: between cells, and a cell with its gap
GROUP, ABOVE, BELOW = 0.34, 0.22, 0.16  # inches: what begins a group, a row's line, a line below photos


@dataclass(frozen=True)
class Row:
    """A ranking, the line above it, and the line that begins a group of rows, if this one does."""

    evaluation: Evaluation
    answer: QueryResult
    by: str
    title: str
    group: str = ""


def sheet(rows: Sequence[Row], k: int, title: str, caveats: Sequence[str]) -> Figure:
    """A row a ranking, its query and then its first k hits, all cells of one size."""
    place = min(LARGEST, max(SMALLEST, (WIDTH - 2 * MARGIN) / (k + 1)))
    cell, high = place - GAP, 0.8 * (place - GAP)
    lines = max((len(format_hit(hit)) for row in rows for hit in row.answer.top[:k]), default=1)
    step = ABOVE + high + 0.12 + BELOW * lines
    height = len(rows) * step + GROUP * sum(bool(row.group) for row in rows)
    drawn = paper(title, [*_key(rows, k), *caveats], height, max(WIDTH, 2 * MARGIN + (k + 1) * place))
    top = 0.0
    for row in rows:
        top += _begin(drawn, row, top)
        drawn.write(MARGIN, top, row.title)
        cells = [drawn.axes(MARGIN + j * place, top + ABOVE, cell, high) for j in range(k + 1)]
        draw_row(cells, row)
        top += step
    return drawn.figure


def _begin(drawn: Paper, row: Row, top: float) -> float:
    """The line above a group, and the inches that it takes."""
    if not row.group:
        return 0.0
    drawn.rule(top)
    drawn.write(MARGIN, top + 0.07, row.group, weight="bold")
    return GROUP


def _key(rows: Sequence[Row], k: int) -> list[str]:
    """What signs, numbers and explain_outlines mean."""
    verdicts = {"query": "the query", "right": "right", "wrong": "wrong", "junk": "does not count"}
    signs = ", ".join(f"{SIGNS[verdict]} {words}" for verdict, words in verdicts.items())
    told = [f"{signs}; below a hit its rank and its score"] if rows else []
    return told + explain_outlines((row.answer for row in rows), k)


def draw_row(cells: Sequence[Axes], row: Row) -> None:
    """The query into the first axes, and its hits into the others."""
    for axes in cells:
        axes.set_anchor("S")  # what stands below photos of any shape is one line
    show_query(cells[0], row.evaluation, row.answer)
    cells[0].set_xlabel(format_to_find(row.answer, row.by), fontsize=SMALL, color=QUIET, labelpad=3.5)
    for i, axes in enumerate(cells[1:]):
        if i < len(row.answer.top):
            show_hit(axes, row.evaluation, row.answer.top[i], i + 1)
        else:
            axes.axis("off")
    if row.answer.failure:
        cells[1].text(0, 0.5, plain(row.answer.failure), fontsize=SMALL, color=QUIET,
                      transform=cells[1].transAxes)  # fmt: skip


def show_query(axes: Axes, evaluation: Evaluation, answer: QueryResult, side: int = SIDE) -> None:
    """A blue frame, and the box that was asked for."""
    pixels, size = shrink(evaluation, answer.photo, side)
    show_photo(axes, pixels, "query", size)
    if answer.box and pixels is not None:
        x, y, width, height = answer.box
        outline(axes, Region.of(rectangle(y, x, y + height, x + width)), QUERY, 2.2)


def show_hit(axes: Axes, evaluation: Evaluation, hit: RankedPhoto, rank: int, side: int = SIDE) -> None:
    """The frame of its verdict, the region that geometry verified, rank, score, how many points agree."""
    pixels, size = shrink(evaluation, hit.photo, side)
    show_photo(axes, pixels, hit.verdict, size)
    if hit.region and pixels is not None:
        outline(axes, hit.region)
    told = "\n".join(format_hit(hit))
    axes.set_xlabel(f"{rank}   {told}", fontsize=SMALL, color=QUIET, labelpad=3.5)
