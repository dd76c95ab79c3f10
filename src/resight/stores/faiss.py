"""Inverted lists of 4-bit product codes by FAISS, the nearest compared exactly. Johnson et al., TBD 2021."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from resight.errors import StoreUnavailable
from resight.progress import Progress
from resight.stores._mapped import MappedRows
from resight.stores._promise import Given, Owners, Rows, Scores, State, check_query
from resight.types import Vectors

if TYPE_CHECKING:
    from resight.stores._list_file import Opened, Point

KEEPS_INDEX = True
AUTO_FROM = 200_000  # rows: a gallery that is told nothing else keeps and uses lists
LEAST_WANTED = 50  # rows: as if at least so many were asked for, since codes order the first ones badly
SHARE = 8.0
RARE = 10  # where no more than one row in so many is allowed, those are compared one and all


def faiss(
    generation: int,
    width: int,
    folder: Path | None = None,
    gallery: str = "",
    *,
    recall: float = 0.99,
    share: float = SHARE,
) -> Faiss:
    """An empty store; lists that a `folder` keeps for this generation of a `gallery` are used from then on.

    `recall`: what is wanted of rankings of 100, as it was measured on rows of the gallery. Where more than
    one row in `share` would be compared, all are.
    """
    opened = None
    if folder and is_installed():
        from resight.stores._list_file import find_lists

        opened = find_lists(folder, gallery, generation)
    if opened and opened.about.width != width:
        opened = None
    return Faiss(generation, width, opened, recall, share)


def keep(folder: Path, given: Given, progress: Progress) -> None:
    """Bring the lists in a folder up to date; raises StorageFailed."""
    from resight.stores import _building

    _building.keep(folder, given, progress)


def check() -> None:
    """Raise StoreUnavailable where FAISS is not installed."""
    if not is_installed():
        raise StoreUnavailable("The store 'faiss' needs its package: pip install 'resight[faiss]'.")


def is_installed() -> bool:
    """Whether FAISS can be imported."""
    from importlib.util import find_spec

    return find_spec("faiss") is not None


class Faiss:
    """Asks the lists which rows may be nearest, and compares those exactly, in the gallery's own float32.

    Rows that the lists have not looked at yet are compared one and all. So is everything where there are no
    lists, and where they would give less than what was asked for.
    """

    def __init__(
        self, generation: int, width: int, opened: Opened | None, recall: float, share: float
    ) -> None:
        self._rows, self._opened, self._share = MappedRows(generation, width), opened, share
        self._point = _choose(opened, recall, share) if opened else None
        self._proved = False

    @property
    def exact(self) -> bool:
        """Whether every row is compared."""
        return self._usable() is None

    @property
    def about(self) -> str:
        """What is searched, and how well that finds."""
        opened, rows = self._usable(), self._rows.state.rows
        if opened is None or self._point is None:
            return "faiss without an index, which is missing or would save nothing: every row is compared"
        told = opened.about
        return (
            f"faiss: {min(told.rows, rows):,} of {rows:,} rows in {opened.lists.coding.lists:,} lists, "
            f"{self._point.lists:,} of them a query; recall@{told.k} {self._point.recall:.4f}, "
            f"measured on {min(told.queries, told.rows)} of its own rows"
        )

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
        """The k rows that are nearest among those that the lists name; scores are exact."""
        check_query(vectors)
        opened = self._usable()
        if opened and self._point and len(vectors):
            only = None if allowed is None else self._rows.rows_of(allowed)
            found = self._search(opened, self._point, vectors, k, only)
            if found is not None:
                return found
        return self._rows.search(vectors, k, allowed)

    def _search(
        self, opened: Opened, point: Point, vectors: Vectors, k: int, only: Rows | None
    ) -> tuple[Rows, Scores] | None:
        """None where comparing every row is quicker, or surer."""
        rows = self.state.rows
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        alive = 1 - len(self._rows.deleted) / max(1, rows)
        alive *= 1 if only is None else len(only) / max(1, rows)
        if not lengths.all() or alive * RARE <= 1 or len(opened.apart) * self._share > rows:
            return None
        depth = int(max(k, LEAST_WANTED) * point.factor / alive)
        while depth * len(vectors) * self._share <= rows:
            distances, named = opened.lists.search(vectors / lengths, point.lists, depth)
            near = self._allowed(np.append(np.unique(named), opened.apart), only)
            near, scores = self._compare(near, vectors)
            if len(near) < k:
                return None
            best, found = _best(near, scores, k)
            if not self._reaches_end(distances, named, best):
                return self._with_newer(opened.about.rows, vectors, k, only, best, found)
            depth *= 4  # the last that were compared are among the best, as copies of one picture are
        return None

    def _with_newer(
        self, first: int, vectors: Vectors, k: int, only: Rows | None, rows: Rows, scores: Scores
    ) -> tuple[Rows, Scores]:
        """The same, with those that the lists have not looked at."""
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
        """Whether a row that is as far off by its code as the last one named is among the best."""
        last = (named[:, -1:] >= 0) & (distances >= distances[:, -1:])
        return bool(np.isin(named[last], best).any())

    def _usable(self) -> Opened | None:
        """The lists, once it was seen that they are of these rows."""
        if self._opened and not self._proved and self.state.rows:
            if not self._point or not self._opened.is_of(self._rows.take, self.state.rows):
                self._opened = None
            self._proved = True
        return self._opened


def _choose(opened: Opened, recall: float, share: float) -> Point | None:
    """The fewest lists that find as much as is wanted; None where none do, or comparing all is quicker."""
    about = opened.about
    good = (point for point in about.points if point.recall >= recall)
    return next((point for point in good if about.k * point.factor * share <= about.rows), None)


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
