"""Descriptors of a data set as a figure compares them: one photo with many, over all pairs of their rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from resight.errors import BadQuery
from resight.ranking import Numbers
from resight.types import Vectors

BLOCK = 20_000  # pairs at once, so that many need no gigabytes


class Described:
    """The photos that could be described: `numbers` (N,) in the data set, and the rows of all."""

    def __init__(self, descriptors: Sequence[Vectors | None]) -> None:
        found = [(i, rows) for i, rows in enumerate(descriptors) if rows is not None]
        if not found:
            raise BadQuery("No photo of the data set could be described, so there is nothing to compare.")
        self.numbers: Numbers = np.array([i for i, _ in found], np.int64)
        self._all = np.concatenate([rows for _, rows in found])
        counts = np.array([len(rows) for _, rows in found])
        self._starts = np.cumsum(counts) - counts
        self._single = bool((counts == 1).all())

    @property
    def width(self) -> int:
        """How many numbers a row has."""
        return int(self._all.shape[1])

    def rows(self, place: int) -> Vectors:
        """The rows of the photo at a place of `numbers`."""
        end = self._starts[place + 1] if place + 1 < len(self._starts) else len(self._all)
        return self._all[self._starts[place] : end]

    def cut(self, dims: int) -> Described:
        """The first numbers of each row, normalised again."""
        other = Described.__new__(Described)
        other.numbers, other._starts, other._single = self.numbers, self._starts, self._single
        other._all = cut(self._all, dims)
        return other

    def scores(self, vectors: Vectors) -> NDArray[np.float32]:
        """(Q, D) -> (N,): for each photo the highest dot product of any of its rows with any of these."""
        best: Vectors = (self._all @ vectors.T).max(axis=1)
        return best if self._single else np.maximum.reduceat(best, self._starts)

    def distances(self, first: Numbers, second: Numbers) -> NDArray[np.float64]:
        """(P,) and (P,) places of `numbers` -> (P,) Euclidean distances of the nearest rows of each pair."""
        products = np.empty(len(first))
        for start in range(0, len(first), BLOCK):
            span = slice(start, start + BLOCK)
            products[span] = self._products(first[span], second[span])
        return np.sqrt(np.clip(2 - 2 * products, 0, 4))

    def _products(self, first: Numbers, second: Numbers) -> NDArray[np.float64]:
        if self._single:
            found = np.einsum("ij,ij->i", self._all[first], self._all[second], dtype=np.float64)
            return np.asarray(found, np.float64)
        pairs = zip(first.tolist(), second.tolist(), strict=True)
        return np.array([(self.rows(i) @ self.rows(j).T).max() for i, j in pairs], np.float64)


def cut(vectors: Vectors, dims: int) -> Vectors:
    """(N, D) -> (N, dims) of unit length; a row of zeros stays so."""
    first = vectors[:, :dims]
    unit: Vectors = first / np.maximum(np.linalg.norm(first, axis=1, keepdims=True), 1e-12)
    return unit
