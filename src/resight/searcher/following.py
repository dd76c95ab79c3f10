"""A store that follows a gallery: from its state to what is committed, or made anew."""

from __future__ import annotations

from collections.abc import Callable

from resight.gallery import Snapshot
from resight.ranking import Numbers
from resight.stores import Store


def read_owners(snapshot: Snapshot) -> Numbers:
    """(N,): the image of each row, -1 where it is nobody's any more; read once for all searches."""
    if "owners" not in snapshot.derived:
        snapshot.derived["owners"] = snapshot.rows.owners(len(snapshot.vectors))
    owners: Numbers = snapshot.derived["owners"]
    return owners


def follow(store: Store | None, snapshot: Snapshot, make: Callable[[int, int], Store]) -> Store:
    """The store with all rows of the snapshot; one of another generation is thrown away for a new one.

    `make(generation, width)` gives an empty store. The owners of rows are asked of this snapshot.
    """
    number = snapshot.generation.number if snapshot.generation else 0
    if store is None or store.state.generation != number or store.state.rows > len(snapshot.vectors):
        store = make(number, snapshot.vectors.shape[1])
    first = store.state.rows
    if first < len(snapshot.vectors):
        store.add(first, snapshot.vectors[first:], lambda: read_owners(snapshot)[first:])
    store.delete(snapshot.deleted)
    return store
