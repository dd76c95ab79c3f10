"""The index that a gallery's store keeps beside it: made, and brought up to date after each writing."""

from __future__ import annotations

from pathlib import Path

from resight import methods
from resight.errors import StoreFailed, StoreUnavailable
from resight.gallery import Snapshot, snapshot_of
from resight.progress import Progress
from resight.stores import AUTO, Given, choose


def check_store(asked: str | None) -> None:
    """Raise UnknownMethod, BadSetting, or StoreUnavailable where a package is missing; None asks for none."""
    if asked and asked != AUTO:
        file = methods.module("stores", choose(asked, 0).name)
        if hasattr(file, "check"):
            file.check()


def keep_index(gallery: Path, progress: Progress, named: str = "") -> None:
    """Bring the index up to date, if the gallery's store, or the one that is named, keeps one.

    It needs no lock of the gallery, and searches go on meanwhile. A server of the gallery's own store that
    cannot be had is told of, and the rest is done. Raises StorageFailed; StoreFailed and StoreUnavailable for
    a store that is named.
    """
    with snapshot_of(gallery) as snapshot:
        if snapshot.generation is None:
            return
        asked = named or name_kept(snapshot)
        store = choose(asked, len(snapshot.vectors))
        if not store.says.get("KEEPS_INDEX"):
            return
        file = methods.module("stores", store.name)
        if not file.is_installed():
            progress.say(f"The index of this gallery needs its package: pip install 'resight[{store.name}]'.")
            return
        try:
            file.keep(gallery, describe_rows(snapshot), progress)
        except (StoreFailed, StoreUnavailable) as error:
            if named:
                raise
            progress.say(
                f"{error} The gallery is whole; its rows come to the store with the next `index`, or with "
                "`resight store push`."
            )


def name_kept(snapshot: Snapshot) -> str:
    """The store that a gallery was told to keep; `auto` where it was told nothing."""
    return str(snapshot.catalogue.fact("store") or AUTO)


def describe_rows(snapshot: Snapshot) -> Given:
    """The rows of a snapshot, as its store is given them; it has a generation."""
    assert snapshot.generation is not None
    identity, count = str(snapshot.catalogue.fact("id")), len(snapshot.vectors)
    return Given(
        identity, snapshot.generation.number, snapshot.vectors, snapshot.deleted,
        lambda: snapshot.rows.owners(count),
    )  # fmt: skip
