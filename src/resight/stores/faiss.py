"""Inverted lists of 4-bit product codes by FAISS, the nearest compared exactly. Johnson et al., TBD 2021."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from resight.progress import Progress
from resight.stores import _package
from resight.stores._promise import Given, Held, Rows, Scores
from resight.stores._proof import Take
from resight.stores._shortlisted import Shortlisted
from resight.types import Vectors

if TYPE_CHECKING:
    from resight.stores._list_file import Opened, Point

KEEPS_INDEX = True
AUTO_FROM = 200_000  # rows: a gallery that is told nothing else keeps and uses lists
SHARE = 8.0
WITHOUT = "faiss without an index, which is missing or would save nothing: every row is compared"


def faiss(
    generation: int,
    width: int,
    folder: Path | None = None,
    gallery: str = "",
    *,
    recall: float = 0.99,
    share: float = SHARE,
) -> Shortlisted:
    """An empty store; lists that a `folder` keeps for this generation of a `gallery` are used from then on.

    `recall`: what is wanted of rankings of 100, as it was measured on rows of the gallery. Where more than
    one row in `share` would be compared, all are.
    """
    index = None
    if folder and is_installed():
        from resight.stores._list_file import find_lists

        opened = find_lists(folder, gallery, generation)
        if opened and opened.about.width == width:
            point = _choose(opened, recall, share)
            index = ChosenLists(opened, point) if point else None
    return Shortlisted(generation, width, lambda: index, share, WITHOUT)


def keep(folder: Path, given: Given, progress: Progress) -> None:
    """Bring the lists in a folder up to date; raises StorageFailed."""
    from resight.stores import _building

    _building.keep(folder, given, progress)


def tell(folder: Path, gallery: str) -> list[Held]:
    """What lists there are of a gallery, the latest generation first."""
    from resight.stores._list_file import list_all

    found = [(each.about.generation, each.about.rows) for each in list_all(folder, gallery)]
    return [Held(*each, ready=True) for each in sorted(found, reverse=True)]


def drop(folder: Path, gallery: str) -> None:
    """Delete the lists, of whatever gallery they are; raises StorageFailed."""
    from resight.stores import _building

    _building.drop(folder)


def check() -> None:
    """Raise StoreUnavailable where FAISS is not installed."""
    _package.check("faiss", "faiss")


def is_installed() -> bool:
    """Whether FAISS can be imported."""
    return _package.is_there("faiss")


class ChosenLists:
    """Lists as an `Index`: so many of them are asked as find what is wanted."""

    def __init__(self, opened: Opened, point: Point) -> None:
        self._opened, self._point = opened, point
        self.rows, self.apart, self.factor = opened.about.rows, opened.apart, point.factor

    def is_of(self, take: Take, rows: int) -> bool:
        """Whether the lists were made of these rows, or of some of the first."""
        return self._opened.is_of(take, rows)

    def describe(self, rows: int) -> str:
        """How many lists are asked, and how well that finds."""
        told = self._opened.about
        return (
            f"faiss: {min(told.rows, rows):,} of {rows:,} rows in {self._opened.lists.coding.lists:,} lists, "
            f"{self._point.lists:,} of them a query; recall@{told.k} {self._point.recall:.4f}, "
            f"measured on {min(told.queries, told.rows)} of its own rows"
        )

    def name(self, vectors: Vectors, depth: int) -> tuple[Scores, Rows]:
        """The rows whose codes are the nearest."""
        return self._opened.lists.search(vectors, self._point.lists, depth)


def _choose(opened: Opened, recall: float, share: float) -> Point | None:
    """The fewest lists that find as much as is wanted; None where none do, or comparing all is quicker."""
    about = opened.about
    good = (point for point in about.points if point.recall >= recall)
    return next((point for point in good if about.k * point.factor * share <= about.rows), None)
