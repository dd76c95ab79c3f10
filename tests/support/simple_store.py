"""A store that shares no line with those of Resight: a list of rows, compared one by one in float64."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from resight.errors import BadQuery, GalleryError
from resight.stores import Owners, Rows, Scores, State
from resight.types import Vectors


class SimpleStore:
    exact, about = True, "a list"

    def __init__(self, generation: int, width: int) -> None:
        self.generation, self.width = generation, width
        self.vectors: list[np.ndarray] = []
        self.owners: list[int] = []
        self.deleted: set[int] = set()

    @property
    def state(self) -> State:
        return State(self.generation, len(self.vectors))

    def add(self, first_row: int, vectors: Vectors, owners: Owners) -> None:
        if first_row != len(self.vectors) or vectors.shape[1] != self.width or not np.isfinite(vectors).all():
            raise GalleryError("These rows do not follow, or are no numbers.")
        self.vectors += [np.array(row) for row in vectors]
        self.owners += owners().tolist()

    def delete(self, rows: Rows) -> None:
        self.deleted |= set(rows.tolist())

    def search(self, vectors: Vectors, k: int, allowed: Rows | None = None) -> tuple[Rows, Scores]:
        if not vectors.size or not np.isfinite(vectors).all():
            raise BadQuery("This query is no numbers.")
        asked = [query.astype(float) for query in vectors]
        scored = [
            (-max(float(row.astype(float) @ query) for query in asked), number)
            for number, row in enumerate(self.vectors)
            if number not in self.deleted and (allowed is None or self.owners[number] in allowed)
        ]
        best = sorted(scored)[:k]
        return (
            np.array([number for _, number in best], np.int64),
            np.array([-score for score, _ in best], np.float32),
        )

    def search_each(
        self, vectors: Vectors, ks: Sequence[int], allowed: Rows | None = None
    ) -> list[tuple[Rows, Scores]]:
        return [self.search(one[None], k, allowed) for one, k in zip(vectors, ks, strict=True)]

    def take(self, rows: Rows) -> Vectors:
        return np.array([self.vectors[row] for row in rows], np.float32).reshape(len(rows), self.width)
