"""A ranking of an evaluation as a row of a page: the query, then hits in frames of their verdicts."""

from __future__ import annotations

from dataclasses import dataclass

from resight.areas import rectangle
from resight.drawing.thumbnails import Picture, take_picture
from resight.evaluator import Evaluation, QueryResult, RankedPhoto
from resight.evaluator.wording import format_hit, format_to_find
from resight.pages.naming import Name, break_name
from resight.types import Region

HITS = 8  # of each query
SIDE, NAME = 118, 44  # pixels of the longer side of a photo, and letters of its name
SIGNS = {"right": "✓ right", "wrong": "✗ wrong", "junk": "– does not count", "query": "the query"}


@dataclass(frozen=True)
class Cell:
    """A photo in a frame of its verdict; `title` is what it is, `note` what is told of it."""

    verdict: str
    picture: Picture | None
    title: str
    note: str
    name: Name | None = None


@dataclass(frozen=True)
class Row:
    """A query and its first hits; `heading` or `words` stand above, `failure` says why there are no hits."""

    cells: tuple[Cell, ...]
    failure: str
    heading: str = ""
    words: str = ""


def make_row(evaluation: Evaluation, answer: QueryResult, by: str, heading: str = "", words: str = "") -> Row:
    """The query with its box, how many photos it should find by a measure, and its first hits."""
    box = None
    if answer.box:
        x, y, width, height = answer.box
        box = Region.of(rectangle(y, x, y + height, x + width))
    asked = Cell("query", _photo(evaluation, answer.photo, box), "the query", format_to_find(answer, by))
    hits = (
        _hit(evaluation, rank, hit, hit.photo in answer.copies)
        for rank, hit in enumerate(answer.top[:HITS], 1)
    )
    return Row((asked, *hits), answer.failure, heading, words)


def _hit(evaluation: Evaluation, rank: int, hit: RankedPhoto, copy: bool) -> Cell:
    return Cell(
        hit.verdict,
        _photo(evaluation, hit.photo, hit.region),
        f"{rank} {SIGNS[hit.verdict]}",
        ", ".join([*format_hit(hit), *(["a copy of the query"] if copy else [])]),
        break_name(hit.photo, NAME),
    )


def _photo(evaluation: Evaluation, photo: str, region: Region | None) -> Picture | None:
    return take_picture(evaluation.file(photo), SIDE, region, turn=evaluation.turn(photo))
