"""The closer look: which points of a query and of one photo agree, and where the query lies in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from resight import areas, local_features, methods
from resight.gallery import Snapshot
from resight.ranking import Query, Ranked
from resight.searcher.collection import Collection
from resight.serving.answering import points_of, shares
from resight.serving.asking import source_of, stored
from resight.serving.galleries import Served, find_image
from resight.serving.wanted import MatchBody, box_in_pixels
from resight.types import Region

if TYPE_CHECKING:
    from resight.serving.service import Service

VERIFIER = "geometry"
NOTHING = {"inliers": 0, "points": {"query": [], "hit": []}, "region": None, "query_region": None}


def match(service: Service, served: Served, body: MatchBody) -> dict[str, Any]:
    """The points that agree, as shares of both pictures; none where too few do. Raises Problem."""
    with served.snapshot() as snapshot:
        photos, hit = Collection(snapshot), find_image(snapshot, body.hit)
        query, size = _query(service, served, snapshot, photos, body)
        alone = Ranked(np.array([hit.id], np.int64), np.zeros(1, np.float32))
        verify = methods.find("rerankers", VERIFIER)
        found = verify(alone, query, photos).matches.get(hit.id)
    if found is None:
        return NOTHING
    other = hit.width, hit.height
    return {
        "inliers": found.inliers,
        "points": points_of(found, size, other),
        "region": shares(found.region, other),
        "query_region": shares(found.query_region, size),
    }


def _query(
    service: Service, served: Served, snapshot: Snapshot, photos: Collection, body: MatchBody
) -> tuple[Query, tuple[int, int]]:
    """The query's local features and area, and its size: no descriptor is needed."""
    own = stored(snapshot, body)
    if own and not body.box and not body.turn:
        features, size = photos.features([own.id])[0], (own.width, own.height)
        area = areas.rectangle(0, 0, own.height, own.width)
    else:
        source, _ = source_of(service, served, snapshot, body)
        photo = source.read("all" if body.box else "points")
        size = photo.width, photo.height
        box = box_in_pixels(body.box, *size)
        features = local_features.extract(photo, box)
        left, top, right, bottom = box.within(*size) if box else (0, 0, *size)
        area = areas.rectangle(top, left, bottom, right)
    return Query(np.empty((0, 1), np.float32), lambda: features, lambda: Region.of(area)), size
