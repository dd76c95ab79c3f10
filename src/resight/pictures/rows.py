"""A ranking of an evaluation as a row of a page: the query, then hits in frames of their verdicts."""

from __future__ import annotations

import html

from resight.areas import rectangle
from resight.evaluator import Answer, Evaluation, Placed
from resight.figures._values import to_find, worth_of
from resight.pictures.naming import named
from resight.pictures.thumbnails import picture
from resight.types import Region

SIDE, NAME = 118, 44  # pixels of the longer side of a photo, and letters of its name
SIGNS = {"right": "✓ right", "wrong": "✗ wrong", "junk": "– does not count", "query": "the query"}


def row(evaluation: Evaluation, answer: Answer, by: str, k: int, words: str = "") -> str:
    """The query with its box, how many it should find by a measure, its first k hits; `words` stand above."""
    box = None
    if answer.box:
        x, y, width, height = answer.box
        box = Region.of(rectangle(y, x, y + height, x + width))
    shown = [
        _figure("query", _photo(evaluation, answer.photo, box), f"<b>the query</b><br>{to_find(answer, by)}")
    ]
    shown += [
        _hit(evaluation, rank, hit, hit.photo in answer.copies) for rank, hit in enumerate(answer.top[:k], 1)
    ]
    told = f'<p class="told">{html.escape(words)}</p>' if words else ""
    failed = f"<p>{html.escape(answer.failure)}</p>" if answer.failure else ""
    return f'{told}<div class="row">{"".join(shown)}{failed}</div>'


def _hit(evaluation: Evaluation, rank: int, hit: Placed, copy: bool) -> str:
    told = ", ".join([*worth_of(hit), *(["a copy of the query"] if copy else [])])
    caption = f"<b>{rank} {SIGNS[hit.verdict]}</b><br>{named(hit.photo, NAME)}<br>{html.escape(told)}"
    return _figure(hit.verdict, _photo(evaluation, hit.photo, hit.region), caption)


def _photo(evaluation: Evaluation, photo: str, region: Region | None) -> str:
    return picture(evaluation.file(photo), SIDE, region, turn=evaluation.turn(photo))


def _figure(verdict: str, photo: str, caption: str) -> str:
    return f'<figure class="{verdict}">{photo}<figcaption>{caption}</figcaption></figure>'
