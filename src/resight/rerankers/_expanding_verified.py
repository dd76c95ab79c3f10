"""Verified photos looked for in their turn. After Chum et al., ICCV 2007: transitive closure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from resight.ranking import LocalFeatures, Photos
from resight.rerankers._projecting import hull, moved, within
from resight.rerankers._verifying import Agreement, Rule, agreements


@dataclass(frozen=True, eq=False)
class Verified:
    """A photo, how well it is verified, and the points of the query that agree with its own.

    `through`: the photo that it was found by, whose points agree with its own; None for the query itself.
    """

    image: int
    score: float
    agreement: Agreement
    features: LocalFeatures
    through: int | None = None


def expanded(
    found: Iterable[Verified], photos: Photos, rule: Rule, *, hits: int, reach: int, query: int | None
) -> list[Verified]:
    """The verified photos, and what they lead to, the best first; equals in the order they were found.

    The best verified photo that was not yet looked for is: the `reach` images nearest to it are compared with
    it, but for those that are verified better than it is; `hits` times. What it shows where it agrees with
    the query is what must agree, and a photo verified so has no higher score than the one that led to it.
    """
    known = {each.image: each for each in found}
    asked: set[int] = set()
    while len(asked) < hits and (waiting := [each for each in known.values() if each.image not in asked]):
        hit = max(waiting, key=lambda each: each.score)  # the first of equals
        asked.add(hit.image)
        images = _around(hit, known, photos, reach, query)
        features = photos.features(images)
        seen = agreements(hit.features, features, rule)
        for image, local, agreement in zip(images, features, seen, strict=True):
            through = _through(hit, image, local, agreement, rule) if agreement else None
            if through and (image not in known or through.score > known[image].score):
                known[image] = through
    return sorted(known.values(), key=lambda each: -each.score)


def _around(
    hit: Verified, known: dict[int, Verified], photos: Photos, reach: int, query: int | None
) -> list[int]:
    """The images to compare a hit with: the nearest `reach` unverified ones, and all verified less well."""
    near = photos.nearest(photos.take(photos.rows_of(hit.image)), reach + len(known) + 1).images.tolist()
    new = [image for image in near if image not in known and image != query][:reach]
    return new + [each.image for each in known.values() if each.score < hit.score]


def _through(hit: Verified, image: int, local: LocalFeatures, seen: Agreement, rule: Rule) -> Verified | None:
    """What a photo that agrees with a hit has of the query, by both homographies; None if too little."""
    same = within(seen.points, hull(hit.agreement.others))
    if same.sum() < rule.least:
        return None
    first = hit.agreement.homography
    points = moved(seen.points[same], np.linalg.inv(first)).astype(np.float32)
    agreement = Agreement(points, seen.others[same], seen.homography @ first)
    return Verified(image, min(hit.score, float(same.sum())), agreement, local, hit.image)
