"""A ranking as one self-contained page: the query, and its hits with scores, paths and matched regions."""

from __future__ import annotations

import functools
import html
from collections.abc import Callable, Sequence
from datetime import datetime
from importlib import resources
from pathlib import Path
from string import Template

from resight.areas import rectangle
from resight.figures._values import written_score
from resight.images import PIXEL_LIMIT
from resight.images.photo import spell_warning
from resight.pictures.naming import named
from resight.pictures.thumbnails import picture, thumbnail
from resight.pictures.writing import write_whole
from resight.types import Box, Hit, Ranking, Region

SIDE = 320  # pixels of the longer side of a picture on the page: enough to see the points
NAME = 80  # letters of a path
GONE = '<div class="missing">no longer there</div>'


def write_report(
    target: Path,
    ranking: Ranking,
    query: Path,
    box: Box | None = None,
    rerank: Sequence[str] = (),
    gallery: Path | None = None,
    made: datetime | None = None,
    pixel_limit: int = PIXEL_LIMIT,
) -> None:
    """Write the page under another name, then rename: a reader never sees half of it.

    `rerank`, `gallery` and `made`, by default now, are only said. `pixel_limit`: how large photos may be.
    """
    thumbnail.cache_clear()  # a photo may have changed since
    draw = functools.partial(picture, side=SIDE, pixel_limit=pixel_limit)
    asked = draw(query, region=_around(box))
    page = Template(
        (resources.files("resight.pictures") / "report.html").read_text(encoding="utf8")
    ).substitute(
        query=_figure(asked, named(str(query), NAME), "what was looked for"),
        hits="\n".join(_hit(hit, query, draw) for hit in ranking),
        facts="".join(
            f"<tr><th>{name}</th><td>{html.escape(value)}</td></tr>"
            for name, value in _facts(ranking, rerank, gallery, made or datetime.now())
        ),
        key=" ".join(_key(ranking, bool(rerank))),
    )
    write_whole(target, page.encode("utf8", "replace"))


def _facts(
    ranking: Ranking, rerank: Sequence[str], gallery: Path | None, made: datetime
) -> list[tuple[str, str]]:
    """What made the page."""
    verified = any(hit.match for hit in ranking)
    facts = [
        ("found", f"the {len(ranking)} nearest photos"),
        ("recipe", ranking.recipe),
        ("re-ranked", ", then ".join(rerank) or ("by geometry" if verified else "no")),
    ]
    if gallery:
        facts.append(("gallery", str(gallery)))
    return [*facts, ("made", f"{made:%Y-%m-%d %H:%M}")]


def _key(ranking: Ranking, reranked: bool) -> list[str]:
    """What numbers and drawings mean."""
    matched = any(hit.match for hit in ranking)
    if reranked or matched:
        told = ["A score is what the last re-ranker gave; before re-ranking, 1 is the same descriptor."]
    else:
        told = ["A score of 1 is the same descriptor."]
    if matched:
        told.append(
            "Yellow: points that agree; outlined: in the query, below, what was looked for, and in the photo "
            "where geometry found it."
        )
    elif any(hit.query_region for hit in ranking):
        told.append("Outlined: the part of the photo, and the part of the query, below, that are nearest.")
    return told


def _hit(hit: Hit, query: Path, draw: Callable[..., str]) -> str:
    """A hit, and below it, where regions were matched, the part of the query that it matched."""
    match = hit.match
    pictures = GONE if hit.gone else draw(hit.path, region=hit.region, points=match.points if match else None)
    if hit.query_region:
        pictures += draw(query, region=hit.query_region, points=match.query_points if match else None)
    caption = f"<b>{hit.rank}</b> {named(hit.relative, NAME)}"
    told = ["the query itself" if hit.self else _worth(hit), *map(spell_warning, hit.warnings)]
    note = ", ".join([*told, *["no longer there"] * hit.gone])
    return _figure(pictures, caption, html.escape(note), hit.self)


def _worth(hit: Hit) -> str:
    """Its score, or how many points agree where that is the score; then by way of which photo they do."""
    inliers = hit.match.inliers if hit.match else 0
    agree = f"{inliers} points agree"
    if hit.through:
        score = f"score {written_score(hit.score)}" if hit.score != inliers else agree
        return f"{score}, by way of {Path(hit.through).name}"
    if inliers and hit.score == inliers:
        return agree
    return ", ".join([f"score {written_score(hit.score)}", *[agree] * bool(inliers)])


def _figure(pictures: str, caption: str, note: str, mine: bool = False) -> str:
    return (
        f"<figure{' class=mine' if mine else ''}>{pictures}"
        f'<figcaption>{caption}<br><span class="note">{note}</span></figcaption></figure>'
    )


def _around(box: Box | None) -> Region | None:
    if box is None:
        return None
    return Region.of(rectangle(box.y, box.x, box.y + box.height, box.x + box.width))
