"""What the photos of a gallery have in common with pictures of noise, and a query without it."""

from __future__ import annotations

import numpy as np

from resight.gallery.noise import read_noise
from resight.ranking import Query
from resight.searcher.collection import Collection
from resight.significance.background import Background, fit_background
from resight.types import Vectors

SAMPLE = 1000  # photos, of those that may be found
PARTS = 8  # of the photos, by `--under`, whose backgrounds are kept


def without_background(query: Query, photos: Collection) -> Vectors | None:
    """The query's descriptor (D,) without what it has in common with noise; None where that is not known."""
    if len(query.vectors) != 1 or photos.snapshot.recipe.keeps_regions:
        return None
    found = background_of(photos)
    return found.remove(query.vectors[0]) if found else None


def background_of(photos: Collection) -> Background | None:
    """That of the photos that may be found; those of the last few parts are kept as long as the rows stay."""
    kept: dict[str, Background] = photos.snapshot.derived.get("backgrounds", {})
    part = photos.part
    if part not in kept:
        found = _fitted(photos)
        if found is None:  # which is not kept: noise may be described later than the last row
            return None
        kept = dict([*kept.items(), (part, found)][-PARTS:])
        photos.snapshot.derived["backgrounds"] = kept
    return kept[part]


def _fitted(photos: Collection) -> Background | None:
    noise = read_noise(photos.snapshot)
    if noise is None:
        return None
    vectors = photos.take(photos.sample_rows(SAMPLE))
    return fit_background(vectors[np.isfinite(vectors).all(axis=1)], noise)
