"""Rows that lie in clusters, as those of photos do; galleries of them; and what an index finds in these."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from resight.gallery import Gallery, Snapshot, Writer
from resight.progress import Silent
from resight.searcher.collection import Collection
from resight.searcher.following import open_store
from resight.stores import Store
from resight.types import Descriptor
from support import small

WIDTH = 16
LABELLED = (  # sets of the shared data
    "scenes",
    "dvd_covers",
    *(pytest.param(name, marks=pytest.mark.soak) for name in ("groceries", "logos")),
)


def clustered(count: int, width: int = WIDTH, seed: int = 0) -> np.ndarray:
    """Unit vectors around a hundred centres, a hundred things; more rows begin with the fewer."""
    centres = np.random.default_rng(0).standard_normal((100, width), dtype=np.float32)
    rows = centres[np.random.default_rng(seed + 1).integers(0, 100, count)]
    rows = rows + 0.5 * np.random.default_rng(seed + 2).standard_normal((count, width), dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def fill(gallery: Path, count: int, regions: int = 1, store: str = "faiss") -> np.ndarray:
    """A gallery of drawn images that no photo stands behind; their rows."""
    rows = clustered(count * regions)
    with Writer(gallery) as writer:
        writer.begin(gallery.parent, small.recipe(small.KEEP if regions > 1 else small.PLAIN), "weights")
        writer.remember("store", store)
        for number in range(count):
            own = rows[number * regions : (number + 1) * regions]
            where = tuple(small.square(at) for at in range(regions)) if regions > 1 else None
            descriptor = Descriptor(own, where, writer.committed.fingerprint)
            image = writer.add(str(number).encode().ljust(32), (64, 48), descriptor, None)
            writer.set_file(f"{number:05}.jpg", 1, 1, image)
        writer.commit()
    return rows


def count_found(folder: Path) -> int:
    """How many of the ten nearest images of ten queries the index of a gallery of regions finds, of 100."""
    with Gallery(folder) as gallery, gallery.snapshot() as snapshot:
        quick, exact = Collection(snapshot, store=open_store(snapshot)), Collection(snapshot)
        assert not quick.store.exact
        found = 0
        for number in range(10):
            queries = clustered(3, seed=20 + number)
            own, right = quick.nearest(queries, 10), exact.nearest(queries, 10)
            assert len({*own.images.tolist()}) == 10
            found += len(np.intersect1d(own.images, right.images))
            assert own.scores[0] == pytest.approx(right.scores[0], abs=1e-6)
    return found


def ranked_as_exactly(snapshot: Snapshot) -> Store:
    """The store of a gallery, after 90 of its rows found the same twenty by it as by comparing every row."""
    quick, exact = Collection(snapshot, store=open_store(snapshot)), Collection(snapshot)
    for row in np.random.default_rng(0).choice(len(snapshot.vectors), 90, replace=False):
        query = np.array(snapshot.vectors[row : row + 1])
        own, right = quick.nearest(query, 20), exact.nearest(query, 20)
        np.testing.assert_array_equal(own.images, right.images)
        np.testing.assert_allclose(own.scores, right.scores, atol=1e-6)
    return quick.store


class Stopping(Silent):
    """Asks for an end after so many looks."""

    def __init__(self, blocks: int) -> None:
        self.blocks = blocks

    def stopping(self) -> bool:
        self.blocks -= 1
        return self.blocks < 0
