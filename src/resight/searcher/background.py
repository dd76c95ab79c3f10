"""What the photos of a gallery have in common with pictures of noise, and a query without it."""

from __future__ import annotations

import numpy as np

from resight.gallery.noise import read_noise
from resight.ranking import Query
from resight.searcher.collection import Collection
from resight.significance.background import Background, fit_background
from resight.types import Vectors

SAMPLE = 1000  # photos, of those that may be found


def without_background(query: Query, photos: Collection) -> Vectors | None:
    """The query's descriptor (D,) without what it has in common with noise; None where that is not known."""
    if len(query.vectors) != 1 or photos.snapshot.recipe.keeps_regions:
        return None
    found = background_of(photos)
    return found.remove(query.vectors[0]) if found else None


def background_of(photos: Collection) -> Background | None:
    """That of all photos is kept as long as their rows stay; that of a part of them is found each time."""
    if not photos.is_part:
        derived = photos.snapshot.derived
        whole: Background | None = derived.get("background") or _fitted(photos)
        if whole:  # noise may be described later than the last row
            derived["background"] = whole
        return whole
    return _fitted(photos)


def _fitted(photos: Collection) -> Background | None:
    noise = read_noise(photos.snapshot)
    if noise is None:
        return None
    vectors = photos.take(photos.sample_rows(SAMPLE))
    return fit_background(vectors[np.isfinite(vectors).all(axis=1)], noise)
