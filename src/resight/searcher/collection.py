"""A gallery as re-rankers and measures see it: photos by their numbers."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resight import local_features
from resight.gallery import Snapshot
from resight.gallery.records import StoredImage
from resight.gallery.reread import reread
from resight.processors import processors
from resight.ranking import LocalFeatures, Numbers, Ranked, similarity
from resight.searcher.following import open_exact, read_owners
from resight.stores import Store
from resight.types import Vectors

FEW = 4096  # rows whose owners are looked up one by one; for more, all owners are read
OFTEN = 4  # once a share of all rows, one in so many, was looked up, all are read: a look-up takes longer


class Collection:
    """Keeps the promise `resight.ranking.Photos`; of one snapshot of a gallery, as long as that lives.

    `inside` are the numbers of the images that may be found, None: all. `store` has all rows of the snapshot;
    None: every row is compared.
    """

    def __init__(self, snapshot: Snapshot, inside: Numbers | None = None, store: Store | None = None) -> None:
        self.snapshot, self._store = snapshot, store or open_exact(snapshot)
        self._inside = None if inside is None else np.unique(inside)
        self._warned: set[str] = snapshot.derived.setdefault("warned", set())
        self._pixel_limit = snapshot.catalogue.pixel_limit  # other threads may not ask the catalogue
        self._root = snapshot.catalogue.photos

    @property
    def store(self) -> Store:
        """What its rows are searched by."""
        return self._store

    @property
    def part(self) -> str:
        """Which images may be found: the same word for the same ones, "" for all."""
        return "" if self._inside is None else hashlib.sha256(self._inside.tobytes()).hexdigest()

    @property
    def rows(self) -> int:
        """How many rows there are, deleted ones among them."""
        return self._store.state.rows

    @property
    def width(self) -> int:
        """How many numbers a row has."""
        return int(self.snapshot.vectors.shape[1])

    @property
    def size(self) -> int:
        """How many images may be found."""
        if self._inside is not None:
            return len(self._inside)
        if "size" not in self.snapshot.derived:
            self.snapshot.derived["size"] = self.snapshot.catalogue.count_images()
        return int(self.snapshot.derived["size"])

    @property
    def last(self) -> int:
        """The highest number that an image may have."""
        return self.snapshot.catalogue.last_image

    @property
    def identity(self) -> str:
        """Of the vectors: which gallery's, and which time they were written."""
        current = self.snapshot.generation
        own = self.snapshot.catalogue.fact("id")
        return f"{own}-{self.snapshot.fingerprint}-{current.number if current else 0}"

    @property
    def folder(self) -> Path | None:
        """The gallery's own."""
        return self.snapshot.folder

    @property
    def owners(self) -> Numbers:
        """(rows,): the image of each row, -1 where it is nobody's any more; read once for all searches."""
        return read_owners(self.snapshot)

    def take(self, rows: Numbers) -> Vectors:
        """(M,) row numbers -> (M, D) float32, a copy."""
        return self._store.take(rows)

    def rows_of(self, image: int) -> Numbers:
        """The row numbers of an image, in the order of its regions."""
        first, count = self.snapshot.rows.span(image)
        return np.arange(first, first + count)

    def sample_rows(self, most: int) -> Numbers:
        """So many rows of images that may be found, sorted: the same of the same rows; fewer of few."""
        rng = np.random.default_rng(0)
        if self._inside is None:
            deleted = self.snapshot.deleted
            enough = 2 * most * self.rows // max(1, self.rows - len(deleted))
            drawn = rng.choice(self.rows, min(self.rows, enough), replace=False)
            drawn = drawn[~np.isin(drawn, deleted)]
        else:
            drawn = rng.permutation(np.flatnonzero(np.isin(self.owners, self._inside)))
        return np.sort(drawn[:most])

    def nearest_each(self, vectors: Vectors, ks: Sequence[int]) -> list[Ranked]:
        """Of each of (Q, D) `vectors` by itself the ks images nearest to it, where an image has one row.

        Gives fewer where there are fewer, or a row is nobody's any more.
        """
        found = self._store.search_each(vectors, ks, self._inside)
        owned = [(self._owners_of(rows), scores) for rows, scores in found]
        return [Ranked(images[images >= 0], scores[images >= 0]) for images, scores in owned]

    def similarities(self, images: Sequence[int], vectors: Vectors) -> dict[int, float]:
        """What a search for (Q, D) `vectors` gives each image."""
        if self.snapshot.recipe.keeps_regions:
            return {image: similarity(image, vectors, self) for image in images}
        first = self.snapshot.rows.first_of(images)
        scores = (self.take(np.array([*first.values()], np.int64)) @ vectors.T).max(axis=1)
        return dict(zip(first, scores.tolist(), strict=True))

    def nearest(self, vectors: Vectors, k: int) -> Ranked:
        """The k images with the highest dot product of any of their rows with any of (Q, D) `vectors`."""
        wanted = k * (self.snapshot.rows.per_image() if k < self.rows else 1)
        while True:
            rows, scores = self._store.search(vectors, wanted, self._inside)
            found = self._owners_of(rows)
            first = np.flatnonzero(found >= 0)
            if self.snapshot.recipe.keeps_regions:
                first = np.intersect1d(first, np.unique(found, return_index=True)[1], assume_unique=True)
            if len(first) >= k or len(rows) < wanted:
                return Ranked(found[first[:k]], scores[first[:k]])
            wanted *= 2  # images with several rows took the places of others

    def allowed(self, images: Numbers) -> NDArray[np.bool_]:
        """(M,) image numbers -> whether each may be found."""
        return np.ones(len(images), np.bool_) if self._inside is None else np.isin(images, self._inside)

    def features(self, images: Sequence[int]) -> list[LocalFeatures]:
        """The stored local features of images, or those computed from the photos now, which is said once.

        A photo that is gone, or is another than was indexed, has none; that is said once, too.
        """
        found = {image: self.snapshot.local_features.of(image) for image in images}
        missing = [image for image, stored in found.items() if stored is None]
        if missing:
            some = "not all" if self.snapshot.local_features.usable else "no"
            self._warn(
                f"The gallery stores {some} local features: those of the photos compared are computed "
                "now, at each search; `resight index PHOTOS --local-features` stores them."
            )
        # the catalogue is asked by one thread
        stored = [self.snapshot.catalogue.image(image) for image in missing]
        with ThreadPoolExecutor(processors()) as pool:
            found.update(zip(missing, pool.map(self._computed, stored), strict=True))
        lost = sum(each is None for each in found.values())
        if lost:
            self._warn(
                "Photos are gone, or have changed since they were indexed: they cannot be verified, and stay "
                f"below those that are ({lost} so far); `resight index` brings the gallery up to date."
            )
        return [found[image] or local_features.nothing() for image in images]

    def _computed(self, image: StoredImage) -> LocalFeatures | None:
        return reread(
            self._root,
            image,
            lambda data: local_features.read_and_extract(data, image.turn, self._pixel_limit),
        )

    def _warn(self, sentence: str) -> None:
        """Say a thing once, whatever the numbers in it."""
        kind = sentence.partition(":")[0]
        if kind not in self._warned:
            self._warned.add(kind)
            warnings.warn(sentence, stacklevel=3)

    def _owners_of(self, rows: Numbers) -> Numbers:
        derived = self.snapshot.derived
        if len(rows) <= FEW and "owners" not in derived:
            derived["looked_up"] = derived.get("looked_up", 0) + len(rows)
            if derived["looked_up"] <= max(FEW, self.rows // OFTEN):
                return self.snapshot.rows.owners_of(rows)
        return self.owners[rows]
