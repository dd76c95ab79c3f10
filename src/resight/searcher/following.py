"""Stores that follow a gallery: from their state to what is committed, or made anew."""

from __future__ import annotations

import threading
from collections.abc import Callable

from resight.gallery import Snapshot
from resight.ranking import Numbers
from resight.stores import AUTO, Store, choose
from resight.stores.memory_map import memory_map


def read_owners(snapshot: Snapshot) -> Numbers:
    """(N,): the image of each row, -1 where it is nobody's any more; read once for all searches."""
    with snapshot.derived.setdefault("reading", threading.Lock()):  # who comes meanwhile takes what was read
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


def open_exact(snapshot: Snapshot) -> Store:
    """A store that compares every row of a snapshot."""
    return follow(None, snapshot, memory_map)


def open_store(snapshot: Snapshot, named: str = "") -> Store:
    """The store that is `named`, else the one that the gallery keeps; it has all rows of the snapshot.

    One that keeps an index is exact where there is none beside the gallery, or none to be trusted.
    """
    method = choose(named or name_store(snapshot), len(snapshot.vectors))
    if not method.says.get("KEEPS_INDEX"):
        return follow(None, snapshot, method.call)
    gallery = str(snapshot.catalogue.fact("id"))
    return follow(None, snapshot, lambda *empty: method.call(*empty, snapshot.folder, gallery))


def name_store(snapshot: Snapshot) -> str:
    """The store that a gallery was told to keep; `auto` where it was told nothing."""
    return str(snapshot.catalogue.fact("store") or AUTO)
