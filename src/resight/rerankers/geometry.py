"""Spatial verification. Philbin et al., CVPR 2007, section 4, with the inliers of MAGSAC++ (CVPR 2020)."""

from __future__ import annotations

import numpy as np

from resight.errors import BadSetting
from resight.ranges import at_least
from resight.ranking import Match, Photos, Query, Ranked
from resight.rerankers._expanding_verified import Verified, expanded
from resight.rerankers._projecting import projected
from resight.rerankers._verifying import Rule, agreements
from resight.types import Region

NEEDS = ("local_features",)
DEPTH = "top"


def geometry(
    ranked: Ranked,
    query: Query,
    photos: Photos,
    *,
    top: int = 100,
    ratio: float = 0.85,
    threshold: float = 3.0,
    least: int = 8,
    expand: bool = False,
    hits: int = 2,
) -> Ranked:
    """Put first, of the first `top`, those whose local features agree with the query's, by how many do.

    Features match by the test of `ratio`, and agree where one homography takes them to each other, within
    `threshold` pixels of a photo of 640; `least` of them verify a photo, whose score is their number. Equals
    stay in order, and all others below, as they were. With `expand` the best `hits` verified photos are
    looked for in their turn, among the `top` nearest to each, and lead to photos from below, too.
    """
    at_least(1, "geometry", top=top, hits=hits)
    at_least(4, "geometry", least=least)
    if not (0 < ratio <= 1 and 0 < threshold < np.inf):
        raise BadSetting("'geometry' takes a 'ratio' above 0 and up to 1, and a 'threshold' above 0 pixels.")
    rule, local = Rule(ratio, threshold, least), query.features()
    if len(local) < least:
        return ranked
    images = ranked.images[:top].tolist()
    features = photos.features(images)
    found = [
        Verified(image, float(len(each)), each, its)
        for image, its, each in zip(images, features, agreements(local, features, rule), strict=True)
        if each
    ]
    if expand:
        found = expanded(found, photos, rule, hits=hits, reach=top, query=query.image)
    return _led(ranked, sorted(found, key=lambda each: -each.score), query)


def _led(ranked: Ranked, found: list[Verified], query: Query) -> Ranked:
    """The verified photos, the best first, then the others; as many as there were."""
    found = found[: len(ranked)]
    if not found:
        return ranked
    area = query.area()
    first = Ranked(
        np.array([each.image for each in found], np.int64),
        np.array([each.score for each in found], np.float32),
        {each.image: _match(each, area) for each in found},
    )
    return ranked.led_by(first)[: len(ranked)]


def _match(found: Verified, area: Region) -> Match:
    agreement = found.agreement
    return Match(
        agreement.points,
        agreement.others,
        agreement.homography,
        area,
        projected(area, agreement, found.features),
        found.through,
    )
