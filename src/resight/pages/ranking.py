"""A ranking as one self-contained page: the query, and its hits with scores, paths and matched regions."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from resight.areas import rectangle
from resight.drawing.thumbnails import Picture, take_picture, thumbnail
from resight.evaluator.wording import format_score
from resight.images import PIXEL_LIMIT
from resight.images.photo import spell_warning
from resight.pages.naming import Name, break_name
from resight.pages.render import write_page
from resight.significance.wording import spell_chance
from resight.types import Box, Hit, Ranking, Region

SIDE = 320  # pixels of the longer side of a picture on the page: enough to see the points
NAME = 80  # letters of a path

Draw = Callable[..., Picture | None]


@dataclass(frozen=True)
class HitCell:
    """What the page shows of a hit; `asked` is the part of the query that it matched, if it matched one."""

    rank: int
    name: Name
    note: str
    mine: bool
    gone: bool
    picture: Picture | None
    matched: bool = False
    asked: Picture | None = None


def write_report(
    target: Path,
    ranking: Ranking,
    query: Path | str,
    box: Box | None = None,
    rerank: Sequence[str] = (),
    gallery: Path | None = None,
    made: datetime | None = None,
    pixel_limit: int = PIXEL_LIMIT,
) -> None:
    """Write the page under another name, then rename: a reader never sees half of it.

    `rerank`, `gallery` and `made`, by default now, are only said. `pixel_limit`: how large photos may be.
    Raises StorageFailed.
    """
    thumbnail.cache_clear()  # a photo may have changed since
    draw = functools.partial(take_picture, side=SIDE, pixel_limit=pixel_limit)
    write_page(
        target,
        "ranking",
        picture=draw(query, region=_around(box)),
        name=break_name(str(query), NAME),
        facts=_facts(ranking, rerank, gallery, made or datetime.now()),
        key=_key(ranking, bool(rerank)),
        hits=[_cell(hit, query, draw) for hit in ranking],
    )


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
    if any(hit.false_positives is not None for hit in ranking):
        told.append("By chance: how likely any photo comes so high if none shows what the query does.")
    if matched:
        told.append(
            "Yellow: points that agree; outlined: in the query, below, what was looked for, and in the photo "
            "where geometry found it."
        )
    elif any(hit.query_region for hit in ranking):
        told.append("Outlined: the part of the photo, and the part of the query, below, that are nearest.")
    return told


def _cell(hit: Hit, query: Path | str, draw: Draw) -> HitCell:
    match, matched = hit.match, hit.query_region is not None
    told = ["the query itself" if hit.self else _describe_score(hit)]
    if hit.false_positives is not None and not hit.self:
        told.append(spell_chance(hit.false_positives))
    told += map(spell_warning, hit.warnings)
    here, there = (match.points, match.query_points) if match else (None, None)
    return HitCell(
        hit.rank,
        break_name(hit.relative, NAME),
        ", ".join([*told, *["no longer there"] * hit.gone]),
        hit.self,
        hit.gone,
        None if hit.gone else draw(hit.path, region=hit.region, points=here),
        matched,
        draw(query, region=hit.query_region, points=there) if matched else None,
    )


def _describe_score(hit: Hit) -> str:
    """Its score, and how many points agree, or by way of which photo they do."""
    score = f"score {format_score(hit.score)}"
    if hit.through:
        return f"{score}, by way of {Path(hit.through).name}"
    return f"{score}, {hit.match.inliers} points agree" if hit.match else score


def _around(box: Box | None) -> Region | None:
    if box is None:
        return None
    return Region.of(rectangle(box.y, box.x, box.y + box.height, box.x + box.width))
