"""From a ranking to the hits of an answer: ids, names, scores, and the parts that match as shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight.gallery import Snapshot
from resight.gallery.records import StoredImage
from resight.ranking import Ranked
from resight.searcher.chances import Chances
from resight.searcher.hits import matched_regions
from resight.searcher.under import Under
from resight.serving.asking import Asked
from resight.serving.galleries import Served, id_of, shown_name
from resight.types import Match, Region

Marks = Mapping[bytes, str]
PROBABLE = 0.05  # a hit that chance puts so high more often stands below the line


def hits_of(
    served: Served,
    snapshot: Snapshot,
    asked: Asked,
    ranked: Ranked,
    chances: Chances,
    marks: Marks,
    under: Under | None,
    k: int,
) -> list[dict[str, Any]]:
    """The k nearest images, a stored query's own first; files of one image are one hit."""
    own = [] if asked.query.image is None else [(asked.query.image, 1.0)]
    pairs = [*own, *zip(ranked.images.tolist(), ranked.scores.tolist(), strict=True)][:k]
    numbers = [number for number, _ in pairs]
    images, warned = snapshot.catalogue.images(numbers), snapshot.warnings.among(numbers)
    found: list[dict[str, Any]] = []
    for number, score in pairs:
        image = images[number]
        names = [name for name in image.files if under is None or under.matches(name)]
        if names:
            hit = _hit(served, snapshot, asked, image, ranked.matches.get(number))
            hit |= _worth(None if number == asked.query.image else chances.of(number), hit["self"])
            hit |= {"rank": len(found) + 1, "score": round(score, 6), "path": shown_name(names[0])}
            hit |= {"copies": len(names) - 1, "mark": marks.get(image.sha256)}
            hit |= {"warnings": warned.get(number, ())}
            found.append(hit)
    return found


def _hit(
    served: Served, snapshot: Snapshot, asked: Asked, image: StoredImage, match: Match | None
) -> dict[str, Any]:
    number, size = id_of(image), (image.width, image.height)
    mine = image.id == asked.query.image
    region, query_region = (None, None) if mine else matched_regions(snapshot, asked.query, image.id, match)
    query_size = asked.width, asked.height
    return {
        "id": number,
        "self": image.sha256 == asked.sha256,
        "width": image.width,
        "height": image.height,
        "region": region and shares(region, size),
        "query_region": query_region and shares(query_region, query_size),
        "inliers": match and match.inliers,
        "points": match and points_of(match, query_size, size),
        "thumbnail": f"/v1/galleries/{served.name}/images/{number}/thumbnail",
    }


def _worth(chance: float | None, mine: bool) -> dict[str, Any]:
    """How likely chance puts a hit so high, and whether it stands above the line."""
    if mine:
        return {"false_positives": 0.0, "probable": True}
    if chance is None:
        return {"false_positives": None, "probable": None}
    return {"false_positives": float(f"{chance:.3g}"), "probable": chance <= PROBABLE}


def points_of(match: Match, query_size: tuple[int, int], size: tuple[int, int]) -> dict[str, Any]:
    """The points that agree, as shares of the query and of the photo."""
    return {
        "query": _shares(match.query_points, query_size),
        "hit": _shares(match.points, size),
    }


def shares(region: Region, size: tuple[int, int]) -> list[list[float]]:
    """A region's corners in pixels -> as shares of a photo of this size; they may lie outside it."""
    return _shares(np.array(region.polygon), size)


def _shares(points: NDArray[Any] | Sequence[Any], size: tuple[int, int]) -> list[list[float]]:
    found: list[list[float]] = (np.asarray(points, np.float64) / np.maximum(size, 1)).round(5).tolist()
    return found
