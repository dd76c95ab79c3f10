"""A ranking as one self-contained page: the query, and its hits with scores, paths and matched regions."""

from __future__ import annotations

import html
from importlib import resources
from pathlib import Path
from string import Template

from resight.areas import rectangle
from resight.pictures.thumbnails import picture, thumbnail
from resight.pictures.writing import write_whole
from resight.types import Box, Hit, Ranking, Region

SIDE = 240  # pixels of the longer side of a picture on the page


def write_report(target: Path, ranking: Ranking, query: Path, box: Box | None = None) -> None:
    """Write the page under another name, then rename: a reader never sees half of it."""
    thumbnail.cache_clear()  # a photo may have changed since
    page = Template(
        (resources.files("resight.pictures") / "report.html").read_text(encoding="utf8")
    ).substitute(
        query=_figure(picture(query, SIDE, _around(box)), html.escape(str(query)), "what was looked for"),
        hits="\n".join(_hit(hit, query) for hit in ranking),
        recipe=html.escape(ranking.recipe),
        count=len(ranking),
    )
    write_whole(target, page.encode("utf8", "replace"))


def _hit(hit: Hit, query: Path) -> str:
    """A hit, and beside it, where regions were matched, the part of the query that it matched."""
    note = "the query itself" if hit.self else f"score {hit.score:.3f}"
    match = hit.match
    if match:
        note += f", {match.inliers} points agree"
    pictures = picture(hit.path, SIDE, hit.region, match.points if match else None)
    if hit.query_region:
        pictures += picture(query, SIDE // 3, hit.query_region, match.query_points if match else None)
    return _figure(pictures, f"<b>{hit.rank}</b> {html.escape(hit.relative)}", note, hit.self)


def _figure(pictures: str, caption: str, note: str, mine: bool = False) -> str:
    return (
        f"<figure{' class=mine' if mine else ''}>{pictures}"
        f"<figcaption>{caption}<br><span>{note}</span></figcaption></figure>"
    )


def _around(box: Box | None) -> Region | None:
    if box is None:
        return None
    return Region.of(rectangle(box.y, box.x, box.y + box.height, box.x + box.width))
