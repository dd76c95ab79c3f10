"""A store that compares the rows which an index names, and those that the index has not seen yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from resight.stores._mapped import MappedRows
from resight.stores._promise import Owners, Rows, Scores, State, check_query
from resight.stores._proof import Take
from resight.types import Vectors

LEAST_WANTED = 50  # rows: as if at least so many were asked for, since codes order the first ones badly
RARE = 10  # where no more than one row in so many is allowed, those are compared one and all


class Index(Protocol):
    """What names rows of a generation that may be the nearest."""

    @property
    def rows(self) -> int:
        """It has looked at so many of the first rows."""
        ...

    @property
    def apart(self) -> Rows:
        """The sorted rows among those that it does not hold: they are always compared."""
        ...

    @property
    def factor(self) -> int:
        """How many times as many rows as are wanted it should name."""
        ...

    def is_of(self, take: Take, rows: int) -> bool:
        """Whether it was made of these `rows`, or of some of the first."""
        ...

    def describe(self, rows: int) -> str:
        """In words, what it is, and how well it finds among so many rows."""
        ...

    def name(self, vectors: Vectors, depth: int) -> tuple[Scores, Rows] | None:
        """(Q, D) unit vectors -> distances and row numbers (Q, depth), nearest first; -1 stands for none.

        They may be fewer. None where the index is gone since.
        """
        ...


class Shortlisted:
    """Keeps the promise `Store`: an index names rows, and the gallery's own float32 rows are compared.

    `open_index` is called once, when something is first asked; it gives None where there is no index. Then
    every row is compared, which `without` says in words. So it is where more than one row in `share` would
    be compared.
    """

    def __init__(
        self,
        generation: int,
        width: int,
        open_index: Callable[[], Index | None],
        share: float,
        without: str,
    ) -> None:
        self._rows, self._open, self._share = MappedRows(generation, width), open_index, share
        self._without = without
        self._index: Index | None = None
        self._proved = False

    @property
    def exact(self) -> bool:
        """Whether every row is compared."""
        return self._usable() is None

    @property
    def about(self) -> str:
        """What is searched, and how well that finds."""
        index = self._usable()
        return self._without if index is None else index.describe(self._rows.state.rows)

    @property
    def state(self) -> State:
        """How far it has followed the gallery."""
        return self._rows.state

    def add(self, first_row: int, vectors: Vectors, owners: Owners) -> None:
        """Append (N, D) rows of a file, or of memory; they must not change from now on."""
        self._rows.add(first_row, vectors, owners)

    def delete(self, rows: Rows) -> None:
        """Never give these rows again."""
        self._rows.delete(rows)

    def take(self, rows: Rows) -> Vectors:
        """(M,) row numbers -> (M, D) float32, a copy."""
        return self._rows.take(rows)

    def search(self, vectors: Vectors, k: int, allowed: Rows | None = None) -> tuple[Rows, Scores]:
        """The k rows that are nearest among those that the index names; scores are exact."""
        check_query(vectors)
        index = self._usable()
        if index:
            only = None if allowed is None else self._rows.rows_of(allowed)
            found = self._search(index, vectors, k, only)
            if found is not None:
                return found
        return self._rows.search(vectors, k, allowed)

    def search_each(
        self, vectors: Vectors, ks: Sequence[int], allowed: Rows | None = None
    ) -> list[tuple[Rows, Scores]]:
        """Of each vector by itself, as deep as the deepest; where rows are compared, once for all of them."""
        check_query(vectors)
        index = self._usable()
        if index is None:
            return self._rows.search_each(vectors, ks, allowed)
        only = None if allowed is None else self._rows.rows_of(allowed)
        found = [self._search(index, one[None], max(ks), only) for one in vectors]
        told = {place: each for place, each in enumerate(found) if each is not None}
        left = [place for place in range(len(vectors)) if place not in told]
        if left:
            compared = self._rows.search_each(vectors[left], [ks[place] for place in left], allowed)
            told |= dict(zip(left, compared, strict=True))
        return [(told[place][0][:k], told[place][1][:k]) for place, k in enumerate(ks)]

    def _search(
        self, index: Index, vectors: Vectors, k: int, only: Rows | None
    ) -> tuple[Rows, Scores] | None:
        """None where comparing every row is quicker, or surer."""
        rows = self.state.rows
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        alive = 1 - len(self._rows.deleted) / max(1, rows)
        alive *= 1 if only is None else len(only) / max(1, rows)
        if not lengths.all() or alive * RARE <= 1 or len(index.apart) * self._share > rows:
            return None
        depth = int(max(k, LEAST_WANTED) * index.factor / alive)
        while depth * len(vectors) * self._share <= rows:
            told = index.name(vectors / lengths, depth)
            if told is None:
                return None
            distances, named = told
            known = np.union1d(named, index.apart)
            near = self._allowed(known[known < index.rows], only)  # the index may have grown since
            near, scores = self._compare(near, vectors)
            if len(near) < k:
                return None
            best, found = _best(near, scores, k)
            if not self._reaches_end(distances, named, best):
                return self._with_newer(index.rows, vectors, k, only, best, found)
            if named.shape[1] < depth:
                return None  # these are all that the index finds
            depth *= 4  # the last that were compared are among the best, as copies of one picture are
        return None

    def _with_newer(
        self, first: int, vectors: Vectors, k: int, only: Rows | None, rows: Rows, scores: Scores
    ) -> tuple[Rows, Scores]:
        """The same, with those that the index has not looked at."""
        if first >= self.state.rows:
            return rows, scores
        if only is None:
            newer, own = self._rows.search_from(first, vectors, k)
        else:
            newer, own = self._compare(self._allowed(only[np.searchsorted(only, first) :], None), vectors)
        return _best(np.append(rows, newer), np.append(scores, own), k)

    def _allowed(self, rows: Rows, only: Rows | None) -> Rows:
        """Those of sorted rows that are there, not deleted, and among `only`."""
        rows = rows[(rows >= 0) & (rows < self.state.rows)]
        rows = rows[~_among(rows, self._rows.deleted)]
        return rows if only is None else rows[_among(rows, only)]

    def _compare(self, rows: Rows, vectors: Vectors) -> tuple[Rows, Scores]:
        """The rows whose scores are numbers, and the scores."""
        products = self._rows.take(rows) @ vectors.T
        scores = products[:, 0] if len(vectors) == 1 else products.max(axis=1)
        kept = np.isfinite(scores)
        return rows[kept], scores[kept]

    @staticmethod
    def _reaches_end(distances: Scores, named: Rows, best: Rows) -> bool:
        """Whether a row that is as far off for the index as the last one named is among the best."""
        last = (named[:, -1:] >= 0) & (distances >= distances[:, -1:])
        return bool(np.isin(named[last], best).any())

    def _usable(self) -> Index | None:
        """The index, once it was seen that it is of these rows."""
        if not self._proved and self.state.rows:
            index = self._open()
            self._index = index if index and index.is_of(self._rows.take, self.state.rows) else None
            self._proved = True
        return self._index


def _among(rows: Rows, sorted_rows: Rows) -> NDArray[np.bool_]:
    """(M,) whether each of the rows is among others, which are sorted."""
    if not len(sorted_rows):
        return np.zeros(len(rows), np.bool_)
    places = np.minimum(np.searchsorted(sorted_rows, rows), len(sorted_rows) - 1)
    found: NDArray[np.bool_] = sorted_rows[places] == rows
    return found


def _best(rows: Rows, scores: Scores, k: int) -> tuple[Rows, Scores]:
    """The k highest scores, best first; equal ones in the order of the rows."""
    order = np.lexsort((rows, -scores))[:k]
    return rows[order], scores[order]
