"""What every store promises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from resight.errors import BadQuery, GalleryError
from resight.types import Vectors

Rows = NDArray[np.int64]
Scores = NDArray[np.float32]
Owners = Callable[[], NDArray[np.int64]]
"""Gives the image of each row (N,), as long as the snapshot that it is of lives.

Reading them all takes a while, so a store calls it only if it needs them.
"""


@dataclass(frozen=True)
class State:
    """How far a store has followed a gallery: the generation, and how many of its rows."""

    generation: int
    rows: int


@dataclass(frozen=True, eq=False)
class Given:
    """The rows of a generation of a gallery: (N, D) `vectors`, and sorted rows that are `deleted`.

    `owners` gives the image of each row; None: each row is an image of its own.
    """

    gallery: str
    generation: int
    vectors: Vectors
    deleted: Rows
    owners: Owners | None = None

    def take(self, rows: Rows) -> Vectors:
        """(M,) row numbers -> (M, D) float32, a copy."""
        return np.asarray(self.vectors)[rows]


@dataclass(frozen=True)
class Held:
    """What a store keeps of a generation of a gallery: so many of its first rows; `ready` with an index."""

    generation: int
    rows: int
    ready: bool


class Store(Protocol):
    """Rows of one generation of a gallery, by their numbers in it."""

    @property
    def exact(self) -> bool:
        """Whether `search` compares every row."""
        ...

    @property
    def about(self) -> str:
        """In words, which store this is, and how well it finds."""
        ...

    @property
    def state(self) -> State:
        """How far it has followed the gallery; deleted rows are counted, too."""
        ...

    def add(self, first_row: int, vectors: Vectors, owners: Owners) -> None:
        """Append (N, D) rows, the first of which is number `first_row`; `owners()` gives the image of each.

        Raises GalleryError for rows that do not follow those it has, that have another width, or that are
        not finite.
        """
        ...

    def delete(self, rows: Rows) -> None:
        """Never give (M,) rows again; those that are deleted already may be among them."""
        ...

    def search(self, vectors: Vectors, k: int, allowed: Rows | None = None) -> tuple[Rows, Scores]:
        """The k rows with the highest dot product with any of (Q, D) `vectors`: rows and scores, best first.

        Equal scores come in the order of the rows. `allowed` are the images whose rows may be found, None:
        all. Gives fewer where there are fewer. Scores are dot products of the float32 rows, also where others
        were not compared. Raises BadQuery for vectors that are not finite.
        """
        ...

    def search_each(
        self, vectors: Vectors, ks: Sequence[int], allowed: Rows | None = None
    ) -> list[tuple[Rows, Scores]]:
        """Of each of (Q, D) `vectors` by itself, what `search` gives, as many as each of `ks` says.

        Sums may be rounded in another order than by `search`: scores differ by 1e-6.
        """
        ...

    def take(self, rows: Rows) -> Vectors:
        """(M,) row numbers, deleted ones too -> (M, D) float32, a copy."""
        ...


def check_rows(state: State, width: int, first_row: int, vectors: Vectors) -> None:
    """Raise GalleryError for rows that are not the next ones of a store."""
    if first_row != state.rows or vectors.ndim != 2 or vectors.shape[1] != width:
        raise GalleryError(
            f"The next row of this store is number {state.rows}, of {width} numbers, not {first_row}, "
            f"of {vectors.shape[-1]}: throw the store away, and make it of the gallery again."
        )


def check_finite(vectors: Vectors, first_row: int) -> None:
    """Raise GalleryError for rows that are not finite."""
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(bad):
        raise GalleryError(f"Row {first_row + bad[0]} is not finite: `resight verify` says whose it is.")


def check_query(vectors: Vectors) -> None:
    """Raise BadQuery for vectors that are not finite, or for none at all."""
    if not vectors.size:
        raise BadQuery("The query has no descriptor: describe a photo for it.")
    if not np.isfinite(vectors).all():
        raise BadQuery("The query's descriptor has numbers that are not finite: describe it again.")
