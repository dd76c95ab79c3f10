"""Photos in memory, as re-rankers ask for them: the promise of `resight.ranking.Photos`, slow and plain."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from resight.ranking import LocalFeatures, Query, Ranked
from resight.types import Region

NOTHING = LocalFeatures(np.empty((0, 2), np.float32), np.empty((0, 128), np.uint8))
SQUARE = Region(((0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0)))


class Album:
    """`vectors` (rows, D) with the image of each row in `owners`, -1 for a dead row; None: a row an image.

    `allowed_images` is a mask by image number, None for all; `local` the features of some images.
    The identity is that of the vectors, unless one is given (an album that grew keeps its own).
    """

    def __init__(
        self,
        vectors,
        owners=None,
        *,
        allowed_images=None,
        local: Mapping[int, LocalFeatures] | None = None,
        folder: Path | None = None,
        identity: str | None = None,
    ):
        self.vectors = np.asarray(vectors, np.float32)
        self.owners = np.arange(len(self.vectors)) if owners is None else np.asarray(owners, np.int64)
        self.allowed_images, self.local, self.folder = allowed_images, dict(local or {}), folder
        self.identity = (
            identity or hashlib.sha256(b"%r" % (self.vectors.shape,) + self.vectors.tobytes()).hexdigest()
        )

    @property
    def images(self):
        """The images that have a living row, in the order of their numbers."""
        return np.unique(self.owners[self.owners >= 0])

    def take(self, rows):
        return self.vectors[rows].copy()

    def rows_of(self, image: int):
        return np.flatnonzero(self.owners == image)

    def nearest(self, vectors, k: int) -> Ranked:
        images = self.images
        images = images[self.allowed(images)]
        scores = [(self.vectors[self.rows_of(image)] @ np.asarray(vectors).T).max() for image in images]
        scores = np.array(scores, np.float32)
        order = np.argsort(-scores, kind="stable")[:k]
        return Ranked(images[order], scores[order])

    def allowed(self, images):
        images = np.asarray(images, np.int64)
        return np.ones(len(images), bool) if self.allowed_images is None else self.allowed_images[images]

    def features(self, images: Sequence[int]) -> list[LocalFeatures]:
        return [self.local.get(int(image), NOTHING) for image in images]


def unit(rows) -> np.ndarray:
    """Rows of length one, float32."""
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def random_album(images: int, regions: int = 1, dims: int = 8, seed: int = 0, dead: int = 0, **more) -> Album:
    """Random unit rows, `regions` an image; `dead` rows of nobody stand among them."""
    random = np.random.default_rng(seed)
    owners = np.concatenate([np.repeat(np.arange(images), regions), np.full(dead, -1)])
    order = np.argsort(random.random(len(owners)), kind="stable") if dead else np.arange(len(owners))
    return Album(unit(random.normal(size=(len(owners), dims))), owners[order], **more)


def points(count: int, seed: int = 0) -> LocalFeatures:
    """Random local features of a photo of 100 x 100 pixels."""
    random = np.random.default_rng(seed)
    return LocalFeatures(
        random.uniform(0, 100, (count, 2)).astype(np.float32),
        random.integers(0, 256, (count, 128)).astype(np.uint8),
    )


def query_of(vectors, image: int | None = None, local: LocalFeatures = NOTHING) -> Query:
    """A query with these rows; its area is a square of 100 pixels."""
    return Query(np.atleast_2d(np.asarray(vectors, np.float32)), lambda: local, lambda: SQUARE, image=image)


def asked(album: Album, image: int, k: int | None = None) -> tuple[Query, Ranked]:
    """An image of the album as the query, and the first k of its plain ranking without itself."""
    local = album.local.get(image, NOTHING)
    query = query_of(album.take(album.rows_of(image)), image, local)
    ranked = album.nearest(query.vectors, len(album.images)).without(np.array([image]))
    return query, ranked[:k]
