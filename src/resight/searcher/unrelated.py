"""Pairs of photos of a gallery that have nothing to do with each other, and how many of their points agree.

What was found is kept beside the gallery with its provenance, and made anew once the gallery has grown by
half.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from filelock import FileLock, Timeout

from resight.codec import decode_text, encode_text
from resight.files import write_whole
from resight.local_features import VERSION as POINTS
from resight.rerankers._verifying import Rule, agreements
from resight.searcher.collection import Collection
from resight.significance.inliers import START, Inliers, fit_inliers
from resight.significance.tail import FEWEST
from resight.version import __version__

NAME = "significance.json"
FORMAT = "resight significance 2"
QUERIES, EACH = 40, 25  # photos that are compared, each with so many others
GROWTH = 1.5
PATIENCE = 60.0  # seconds to wait for another process that does the same
RULE = Rule(least=START)  # that of verification, but for the points


@dataclass(frozen=True)
class Source:
    """What makes the counts right: of a gallery, of points, and of how they must agree."""

    format: str
    gallery: str
    points: str
    rule: list[float]


@dataclass(frozen=True)
class Kept:
    """What is kept, and of how many photos, when and by which version it was made."""

    source: Source
    photos: int
    made: str
    resight: str
    inliers: Inliers


def inliers_by_chance(photos: Collection) -> Inliers | None:
    """None where there are too few photos, or no local features are stored."""
    derived = photos.snapshot.derived
    if "inliers" not in derived:
        derived["inliers"] = _known(photos)
    found: Inliers | None = derived["inliers"]
    return found


def _known(photos: Collection) -> Inliers | None:
    local, folder = photos.snapshot.local_features, photos.snapshot.folder
    stored = local.count() if local.usable else 0
    if stored < FEWEST:
        return None
    found = _read(photos, stored)
    if found is not None:
        return found
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError, Timeout):  # a gallery that may not be written, or a slow neighbour
            stack.enter_context(FileLock(folder / "significance.lock", timeout=PATIENCE))
            found = _read(photos, stored)
        if found is None:
            found = fit_inliers(_counts(photos))
            made = datetime.now(UTC).isoformat(timespec="seconds")
            kept = Kept(_source(photos), stored, made, __version__, found)
            with contextlib.suppress(OSError):
                write_whole(folder / NAME, [encode_text(kept).encode()])
    return found


def _read(photos: Collection, stored: int) -> Inliers | None:
    """What is kept, if it is of these vectors and the gallery has not grown much since."""
    with contextlib.suppress(OSError, ValueError):
        kept = decode_text((photos.snapshot.folder / NAME).read_text(encoding="utf8"), Kept)
        if kept.source == _source(photos) and stored < GROWTH * kept.photos:
            return kept.inliers
    return None


def _source(photos: Collection) -> Source:
    return Source(FORMAT, photos.identity, POINTS, [RULE.ratio, RULE.threshold, RULE.least])


def _counts(photos: Collection) -> list[int]:
    """Agreeing points of pairs whose descriptors are farther apart than those of half of all pairs.

    Photos of one thing are near each other, so hardly any of them is among these.
    """
    snapshot, rng = photos.snapshot, np.random.default_rng(0)
    images = np.unique(photos.owners[photos.owners >= 0])
    sample = rng.permutation(images)[: QUERIES + 4 * EACH].tolist()
    looked_up = ((image, snapshot.local_features.of(image)) for image in sample)
    points = {image: stored for image, stored in looked_up if stored is not None}
    vectors = {image: photos.take(photos.rows_of(image)) for image in points}
    counts = []
    for one in list(points)[:QUERIES]:
        others = [image for image in points if image != one]
        nearness = [float((vectors[one] @ vectors[image].T).max()) for image in others]
        far = [others[place] for place in np.argsort(nearness, kind="stable")[: len(others) // 2]]
        chosen = rng.permutation(far)[:EACH].tolist()
        found = agreements(points[one], [points[image] for image in chosen], RULE)
        counts += [len(each) if each else 0 for each in found]
    return counts
