"""What re-rankers take and give: photos by their numbers, and what may be asked of all that are searched."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from resight.types import Match as Match
from resight.types import Region, Vectors

Numbers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class LocalFeatures:
    """Points of a photo and what is around them.

    `points` (N, 2) float32: x, y in pixels of the upright original. `descriptors` (N, 128) uint8. `scale`:
    how many of these pixels make one of the view that the points were found in; 1 or more.
    """

    points: NDArray[np.float32]
    descriptors: NDArray[np.uint8]
    scale: float = 1.0

    def __len__(self) -> int:
        return len(self.points)


@dataclass(frozen=True, eq=False)
class Ranked:
    """Photos by their numbers, nearest first: `images` (N,) int64, each once, and `scores` (N,) float32.

    Scores of what a re-ranker has moved are its own; those below its shortlist are still the search's.
    """

    images: Numbers
    scores: Vectors
    matches: Mapping[int, Match] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, span: slice) -> Ranked:
        return Ranked(self.images[span], self.scores[span], self.matches)

    def without(self, images: Numbers) -> Ranked:
        """The same order, but for these."""
        keep = ~np.isin(self.images, images)
        return Ranked(self.images[keep], self.scores[keep], self.matches)

    def led_by(self, first: Ranked) -> Ranked:
        """`first`, then all others in the order they have here; the matches of both."""
        rest = self.without(first.images)
        return Ranked(
            np.concatenate([first.images, rest.images]),
            np.concatenate([first.scores, rest.scores]),
            {**self.matches, **first.matches},
        )


@dataclass(frozen=True, eq=False)
class Query:
    """What is looked for.

    `vectors` (Q, D) float32, a row a region where the recipe keeps regions; `image` its own number where it
    is one of the photos searched: it is never in a ranking that a re-ranker sees. `features()` gives the
    local features of the part that is looked for, `area` that part's corners in pixels of the upright photo.
    """

    vectors: Vectors
    features: Callable[[], LocalFeatures]
    area: Callable[[], Region]
    regions: tuple[Region, ...] | None = None
    image: int | None = None


class Photos(Protocol):
    """The photos that are searched. An image has one row, or one a region; rows never change, but die."""

    @property
    def identity(self) -> str:
        """Of the vectors: another string, other rows. Rows may be added, and die, under the same one."""
        ...

    @property
    def folder(self) -> Path | None:
        """Where a cache that depends on the vectors may be kept; None: nowhere."""
        ...

    @property
    def owners(self) -> Numbers:
        """(rows,): the image of each row, -1 where it is nobody's any more. Read in full, and kept."""
        ...

    def take(self, rows: Numbers) -> Vectors:
        """(M,) row numbers -> (M, D) float32, a copy."""
        ...

    def rows_of(self, image: int) -> Numbers:
        """The row numbers of an image, in the order of its regions."""
        ...

    def nearest(self, vectors: Vectors, k: int) -> Ranked:
        """The k images with the highest dot product of any row with any of (Q, D) `vectors`.

        Images that are not to be found (by `--under`, or no part of the database) are not among them.
        """
        ...

    def allowed(self, images: Numbers) -> NDArray[np.bool_]:
        """(M,) image numbers -> whether each may be found."""
        ...

    def features(self, images: Sequence[int]) -> list[LocalFeatures]:
        """The local features of images, stored or computed now; a photo that is gone has none (length 0)."""
        ...


def similarity(image: int, vectors: Vectors, photos: Photos) -> float:
    """What a search for (Q, D) `vectors` gives an image: the largest dot product with any of its rows."""
    return float((photos.take(photos.rows_of(image)) @ vectors.T).max())


class Reranker(Protocol):
    """A file of `rerankers/`: a ranking to another one, of the same length or the same images.

    What it does not move stays in order. A setting named `top` says how many of the first it looks at.
    """

    def __call__(self, ranked: Ranked, query: Query, photos: Photos) -> Ranked:
        """The new ranking; what came in stays as it was."""
        ...
