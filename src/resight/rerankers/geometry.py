"""Spatial verification. Philbin et al., CVPR 2007, section 4, with the inliers of MAGSAC++ (CVPR 2020)."""

from __future__ import annotations

import math

import numpy as np

from resight.errors import BadSetting
from resight.ranges import at_least
from resight.ranking import Match, Photos, Query, Ranked, similarity
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
    weight: float = 0.05,
    expand: bool = False,
    hits: int = 2,
) -> Ranked:
    """Move up, of the first `top`, those whose local features agree with the query's.

    Features match by the test of `ratio`, and agree where one homography takes them to each other, within
    `threshold` pixels of a photo of 640; `least` of them verify a photo. Its score grows by `weight` times
    the logarithm of 1 more than their number: few that agree by chance do not outdo what looks alike. Equals
    stay in order, and all others below, as they were. With `expand` the best `hits` verified photos are
    looked for in their turn, among the `top` nearest to each, and lead to photos from below, too.
    """
    at_least(1, "geometry", top=top, hits=hits)
    at_least(4, "geometry", least=least)
    at_least(0, "geometry", weight=weight)
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
    return _led(ranked, found, top, weight, query, photos) if found else ranked


def _led(
    ranked: Ranked, found: list[Verified], top: int, weight: float, query: Query, photos: Photos
) -> Ranked:
    """The first photos and all verified ones by their new scores, then the others; as many as there were."""
    known = dict(zip(ranked.images.tolist(), ranked.scores.tolist(), strict=True))
    scores = dict(list(known.items())[:top])
    for each in found:
        before = known[each.image] if each.image in known else similarity(each.image, query.vectors, photos)
        scores[each.image] = before + weight * math.log1p(each.score)
    order = sorted(scores, key=lambda image: -scores[image])
    area = query.area()
    first = Ranked(
        np.array(order, np.int64),
        np.array([scores[image] for image in order], np.float32),
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
