"""A gallery as re-rankers and measures see it: photos by their numbers."""

from __future__ import annotations

import functools
import json
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resight import local_features
from resight.areas import rectangle
from resight.gallery import Gallery
from resight.gallery.again import read_again
from resight.gallery.stored import StoredImage
from resight.indexes.exact import exact
from resight.processors import processors
from resight.ranking import LocalFeatures, Numbers, Query, Ranked
from resight.types import Region, Vectors

FEW = 4096  # rows whose owners are looked up one by one; for more, all owners are read


class Collection:
    """Keeps the promise `resight.ranking.Photos`; of a gallery at rest, so made anew when that grows.

    `inside` are the numbers of the images that may be found, None: all.
    """

    def __init__(self, gallery: Gallery, inside: Numbers | None = None) -> None:
        self.gallery, self._vectors = gallery, gallery.vectors
        self._dead, self._number = list(gallery.dead), gallery.live.number if gallery.live else 0
        self._inside = None if inside is None else np.unique(inside)
        self._warned: set[str] = set()
        self._pixel_limit = gallery.pixel_limit  # other threads may not ask the catalogue

    @property
    def rows(self) -> int:
        """How many rows there are, dead ones among them."""
        return len(self._vectors)

    @property
    def width(self) -> int:
        """How many numbers a row has."""
        return int(self._vectors.shape[1])

    @property
    def last(self) -> int:
        """The highest number that an image may have."""
        found = self.gallery.connection.execute("SELECT coalesce(max(id), 0) FROM images").fetchone()
        return int(found[0])

    @property
    def identity(self) -> str:
        """Of the vectors: which gallery's, and which time they were written."""
        return f"{self.gallery.fact('id')}-{self.gallery.fingerprint}-{self._number}"

    @property
    def folder(self) -> Path | None:
        """The gallery's own."""
        return self.gallery.folder

    @functools.cached_property
    def owners(self) -> Numbers:
        """(rows,): the image of each row, -1 where it is nobody's any more."""
        found = np.full(len(self._vectors), -1, np.int64)
        spans = self.gallery.connection.execute(
            "SELECT image, first_row, rows FROM descriptors WHERE generation = ?", (self._number,)
        )
        for image, first, count in spans:
            found[first : first + count] = image
        return found

    def take(self, rows: Numbers) -> Vectors:
        """(M,) row numbers -> (M, D) float32, a copy."""
        vectors = np.asarray(self._vectors)
        if len(rows) > 1 and rows[-1] - rows[0] == len(rows) - 1 and (np.diff(rows) == 1).all():
            return vectors[rows[0] : rows[-1] + 1].copy()  # a block comes faster than its rows one by one
        return vectors[rows]

    def rows_of(self, image: int) -> Numbers:
        """The row numbers of an image, in the order of its regions."""
        first, count = self.gallery.rows.of(image)
        return np.arange(first, first + count)

    def nearest(self, vectors: Vectors, k: int) -> Ranked:
        """The k images with the highest dot product of any of their rows with any of (Q, D) `vectors`."""
        wanted = k * (self.gallery.rows.per_image() if k < len(self._vectors) else 1)
        while True:
            rows, scores = exact(self._vectors, vectors, wanted, self._dead, self._found)
            found = self._owners_of(rows)
            first = np.flatnonzero(found >= 0)
            if self.gallery.recipe.keeps_regions:
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
        found = {image: self.gallery.local_features.of(image) for image in images}
        missing = [image for image, stored in found.items() if stored is None]
        if missing:
            some = "not all" if self.gallery.local_features.usable else "no"
            self._warn(
                f"The gallery stores {some} local features: those of the photos compared are computed "
                "now, at each search; `resight index PHOTOS --local-features` stores them."
            )
        stored = [self.gallery.image(image) for image in missing]  # the catalogue is asked by one thread
        with ThreadPoolExecutor(processors()) as pool:
            found.update(zip(missing, pool.map(self._computed, stored), strict=True))
        lost = sum(each is None for each in found.values())
        if lost:
            self._warn(
                "Photos are gone, or have changed since they were indexed: they cannot be verified, and stay "
                f"below those that are ({lost} so far); `resight index` brings the gallery up to date."
            )
        return [found[image] or local_features.nothing() for image in images]

    def query(self, image: int) -> Query:
        """A photo of the gallery as a query: nothing is described."""
        stored, (_, _, regions) = self.gallery.image(image), self.gallery.rows.stored(image)
        return Query(
            self.take(self.rows_of(image)),
            lambda: self.features([image])[0],
            lambda: Region.of(rectangle(0, 0, stored.height, stored.width)),
            tuple(map(Region.of, json.loads(regions))) if regions else None,
            image,
        )

    def _computed(self, image: StoredImage) -> LocalFeatures | None:
        return read_again(
            self.gallery.root,
            image,
            lambda data: local_features.read_and_extract(data, image.turn, self._pixel_limit),
        )

    def _warn(self, sentence: str) -> None:
        """Say a thing once, whatever the numbers in it."""
        kind = sentence.partition(":")[0]
        if kind not in self._warned:
            self._warned.add(kind)
            warnings.warn(sentence, stacklevel=3)

    @functools.cached_property
    def _found(self) -> Numbers | None:
        """The rows of the images that may be found, sorted."""
        if self._inside is None:
            return None
        if len(self._inside) > FEW:
            return np.flatnonzero(np.isin(self.owners, self._inside))
        spans = [self.rows_of(int(image)) for image in self._inside]
        return np.sort(np.concatenate(spans)) if spans else np.empty(0, np.int64)

    def _owners_of(self, rows: Numbers) -> Numbers:
        if len(rows) > FEW or "owners" in self.__dict__:
            return self.owners[rows]
        return np.array([self._owner(row) for row in rows.tolist()], np.int64)

    def _owner(self, row: int) -> int:
        found = self.gallery.connection.execute(
            "SELECT image, first_row + rows FROM descriptors WHERE generation = ? AND first_row <= ? "
            "ORDER BY first_row DESC LIMIT 1",
            (self._number, row),
        ).fetchone()
        return int(found[0]) if found and row < found[1] else -1
