"""Several collections as one: a data set, and galleries of distractors that are only searched."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resight.ranking import LocalFeatures, Numbers, Ranked
from resight.searcher.collection import Collection
from resight.types import Vectors


class JoinedCollections:
    """Keeps the promise `resight.ranking.Photos`; images and rows of each part come after those before it.

    All parts are described alike: whoever makes this has compared their fingerprints.
    """

    def __init__(self, parts: Sequence[Collection]) -> None:
        self.parts = tuple(parts)
        self._images = np.cumsum([0] + [1 + part.last for part in parts])
        self._rows = np.cumsum([0] + [part.rows for part in parts])

    def first(self, part: int) -> int:
        """The number that image 0 of a part has here."""
        return int(self._images[part])

    @property
    def identity(self) -> str:
        """Of all vectors: where the rows of a later part begin depends on the parts before."""
        parts = [f"{part.identity} {part.rows}" for part in self.parts[:-1]] + [self.parts[-1].identity]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]

    @property
    def folder(self) -> Path | None:
        """The first part's own."""
        return self.parts[0].folder

    @functools.cached_property
    def owners(self) -> Numbers:
        """(rows,): the image of each row, -1 where it is nobody's any more."""
        own = [
            np.where(part.owners < 0, -1, part.owners + self.first(i)) for i, part in enumerate(self.parts)
        ]
        return np.concatenate(own)

    def take(self, rows: Numbers) -> Vectors:
        """(M,) row numbers -> (M, D) float32, a copy."""
        whose = np.searchsorted(self._rows, rows, side="right") - 1
        taken = np.empty((len(rows), self.parts[0].width), np.float32)
        for i, part in enumerate(self.parts):
            taken[whose == i] = part.take(rows[whose == i] - self._rows[i])
        return taken

    def rows_of(self, image: int) -> Numbers:
        """The row numbers of an image, in the order of its regions."""
        i = self._part(image)
        return self.parts[i].rows_of(image - self.first(i)) + int(self._rows[i])

    def nearest(self, vectors: Vectors, k: int) -> Ranked:
        """The k images with the highest dot product of any of their rows with any of (Q, D) `vectors`."""
        found = [part.nearest(vectors, k) for part in self.parts]
        images = np.concatenate([one.images + self.first(i) for i, one in enumerate(found)])
        scores = np.concatenate([one.scores for one in found])
        order = np.argsort(-scores, kind="stable")[:k]
        return Ranked(images[order], scores[order])

    def allowed(self, images: Numbers) -> NDArray[np.bool_]:
        """(M,) image numbers -> whether each may be found."""
        whose = np.searchsorted(self._images, images, side="right") - 1
        answer = np.zeros(len(images), np.bool_)
        for i, part in enumerate(self.parts):
            answer[whose == i] = part.allowed(images[whose == i] - self.first(i))
        return answer

    def features(self, images: Sequence[int]) -> list[LocalFeatures]:
        """The local features of images, stored or computed now."""
        found: dict[int, LocalFeatures] = {}
        for i, part in enumerate(self.parts):
            own = [image for image in images if self._part(image) == i]
            found |= zip(own, part.features([image - self.first(i) for image in own]), strict=True)
        return [found[image] for image in images]

    def _part(self, image: int) -> int:
        return int(np.searchsorted(self._images, image, side="right")) - 1
