"""Rows on a server: what is known of them there, and what a search asks of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from resight.stores._promise import Rows, Scores
from resight.stores._proof import Take, is_made_of
from resight.stores._recall import QUERIES, K
from resight.types import Vectors

# Of each row in a graph: its links, and how many rows are looked at to choose them. Where these are 64, some
# queries among 200,000 rows in a hundred clusters do not come to the right cluster.
LINKS, CONSTRUCTION = 16, 200


@dataclass(frozen=True)
class Effort:
    """So many `candidates` a query, `factor` times as many rows as are wanted: the recall that gives."""

    candidates: int
    factor: int
    recall: float


@dataclass(frozen=True, eq=False)
class Served:
    """What a server has of a generation of a gallery: the first `rows`, but deleted ones and odd ones.

    `number` names its table. `proof`: CRC-32 of some of the rows. `apart` are the sorted rows that are always
    compared: odd ones, of no unit length, and those that the index never finds. `deleted`: how many deleted
    rows it was told of. `measured`: how many rows there were when the `efforts` were measured, cheaper ones
    first; 0 where it has no index yet.
    """

    gallery: str
    number: int
    generation: int
    width: int
    rows: int
    proof: int
    apart: Rows
    deleted: int
    measured: int
    efforts: tuple[Effort, ...]


@dataclass(frozen=True, eq=False)
class Block:
    """Rows that are sent at once: numbers (N,), images (N,) and vectors (N, D) of those of unit length.

    `apart` are the numbers of others. `end` and `proof` are `rows` and `proof` of all with this block.
    """

    numbers: Rows
    images: Rows
    vectors: Vectors
    apart: Rows
    end: int
    proof: int


class Occupied(Exception):
    """Another process writes the rows of this gallery, and takes longer than one should wait."""


class Server(Protocol):
    """What can be asked of a server; each call is done whole or not at all, and may raise StoreFailed."""

    @property
    def efforts(self) -> tuple[tuple[int, int], ...]:
        """Candidates and factors to be measured, cheaper ones first."""
        ...

    def prepare(self, width: int) -> None:
        """Make what holds all galleries; raises StoreUnavailable where it cannot, or rows are too wide."""
        ...

    def find(self, gallery: str) -> list[Served]:
        """What is there of a gallery, the latest generation first."""
        ...

    def begin(self, gallery: str, generation: int, width: int) -> None:
        """A place without rows, if there is none."""
        ...

    def append(self, served: Served, block: Block) -> bool:
        """The next rows; False, and nothing done, where another process has come first. Raises Occupied."""
        ...

    def delete(self, served: Served, rows: Rows) -> None:
        """Take rows out, some of which may be out already. Raises Occupied."""
        ...

    def make_index(self, served: Served) -> None:
        """An index of all rows, if there is none. Raises Occupied."""
        ...

    def note(self, served: Served, measured: int, efforts: tuple[Effort, ...], lost: Rows) -> None:
        """Keep what was measured; the rows that are lost in the index are `apart` from now on."""
        ...

    def drop(self, served: Served) -> None:
        """Take all of a generation away. Raises Occupied."""
        ...

    def name(
        self, served: Served, vectors: Vectors, depth: int, candidates: int
    ) -> tuple[Scores, Rows] | None:
        """As `Index.name`; None where these rows were dropped since."""
        ...


Connect = Callable[[], AbstractContextManager[Server]]


class ServedIndex:
    """Rows of a server as an `Index`, asked with the effort that finds what is wanted."""

    def __init__(self, store: str, connect: Connect, served: Served, effort: Effort) -> None:
        self._store, self._connect, self._served, self._effort = store, connect, served, effort
        self.rows, self.apart, self.factor = served.rows, served.apart, effort.factor

    def is_of(self, take: Take, rows: int) -> bool:
        """Whether they are these rows, or some of the first."""
        return is_of(self._served, take, rows)

    def describe(self, rows: int) -> str:
        """How much effort a query is, and how well that finds."""
        told, effort = self._served, self._effort
        return (
            f"{self._store}: {min(told.rows, rows):,} of {rows:,} rows on the server, {effort.candidates:,} "
            f"candidates a query; recall@{K} {effort.recall:.4f}, measured on {min(QUERIES, told.measured)} "
            "of its own rows"
        )

    def name(self, vectors: Vectors, depth: int) -> tuple[Scores, Rows] | None:
        """The rows that the server finds."""
        with self._connect() as server:
            return server.name(self._served, vectors, depth, self._effort.candidates)


def is_of(served: Served, take: Take, rows: int) -> bool:
    """Whether what is served was made of these `rows`, or of the first; of more rows than these it may be."""
    return is_made_of(take, rows, served.rows, served.proof)


def find_index(
    store: str, connect: Connect, gallery: str, generation: int, width: int, recall: float, share: float
) -> ServedIndex | None:
    """The rows of a generation that were pushed and measured; None where none were, or they would not help.

    Raises StoreFailed.
    """
    if not gallery:
        return None
    with connect() as server:
        found = [each for each in server.find(gallery) if each.generation == generation]
    if not found or found[0].width != width:
        return None
    good = (each for each in found[0].efforts if each.recall >= recall)
    effort = next((each for each in good if K * each.factor * share <= found[0].rows), None)
    return ServedIndex(store, connect, found[0], effort) if effort else None


def arrange(found: list[list[tuple[float, int]]]) -> tuple[Scores, Rows]:
    """Distances and row numbers of each query, in any order -> arrays (Q, most), nearest first."""
    most = max(map(len, found), default=0)
    distances = np.full((len(found), most), np.inf, np.float32)
    rows = np.full((len(found), most), -1, np.int64)
    for place, own in enumerate(found):
        if own:
            own = sorted(own)
            distances[place, : len(own)] = [distance for distance, _ in own]
            rows[place, : len(own)] = [row for _, row in own]
    return distances, rows
