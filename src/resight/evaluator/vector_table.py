"""The vectors of all ranked photos as one array, whoever made them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resight.dataset import Dataset
from resight.errors import BadQuery
from resight.ranking import Numbers
from resight.types import Vectors


@dataclass(frozen=True, eq=False)
class VectorTable:
    """The rows (M, D) of all ranked photos `numbers` (N,), and where those of each begin (N,)."""

    numbers: Numbers
    starts: Numbers
    rows: Vectors

    @classmethod
    def of(cls, data: Dataset, vectors: Sequence[ArrayLike | None]) -> VectorTable:
        """Of the photos of a data set that are ranked and have vectors; raises BadQuery."""
        if len(vectors) != len(data.photos):
            raise BadQuery(
                f"The data set {data.name} has {len(data.photos)} photos, and there are vectors of "
                f"{len(vectors)}: give them in the order of its photos, and None for one without any."
            )
        ranked = np.sort(data.database).tolist()
        checked = [(i, rows) for i in ranked if (rows := check_rows(vectors[i], data.photos[i])) is not None]
        if not checked:
            raise BadQuery(f"No photo of the data set {data.name} that is ranked has a vector.")
        widths = {rows.shape[1]: data.photos[i] for i, rows in checked}
        if len(widths) > 1:
            told = ", ".join(f"{width} of {photo}" for width, photo in sorted(widths.items())[:2])
            raise BadQuery(f"Vectors must have as many numbers each, and there are {told}.")
        counts = np.array([len(rows) for _, rows in checked])
        numbers = np.array([i for i, _ in checked], np.int64)
        return cls(numbers, np.cumsum(counts) - counts, np.concatenate([rows for _, rows in checked]))

    @property
    def width(self) -> int:
        """How many numbers a row has."""
        return int(self.rows.shape[1])

    def scores(self, vectors: Vectors) -> NDArray[np.float32]:
        """(Q, D) -> (N, Q): of each photo the highest dot product of any of its rows."""
        products = self.rows @ vectors.T
        if len(self.numbers) == len(self.rows):
            return products
        return np.maximum.reduceat(products, self.starts, axis=0)


def check_rows(rows: ArrayLike | None, name: str) -> Vectors | None:
    """(R, D) float32; None for none. BadQuery for what is no such array, or not finite."""
    if rows is None:
        return None
    found = np.atleast_2d(np.asarray(rows, np.float32))
    if found.ndim != 2:
        raise BadQuery(f"The vectors of {name} have {found.ndim} axes: a photo has (rows, numbers).")
    if not np.isfinite(found).all():
        raise BadQuery(f"The vectors of {name} are not finite.")
    return found if found.size else None
