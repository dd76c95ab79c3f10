"""The index that a gallery's store keeps beside it: made, and brought up to date after each writing."""

from __future__ import annotations

from pathlib import Path

from resight import methods
from resight.gallery import Writer, snapshot_of
from resight.progress import Progress
from resight.stores import AUTO, Given, choose


def settle_store(writer: Writer, asked: str | None) -> None:
    """Keep what the gallery is searched by from now on; None: what was asked for last, `auto` at first.

    Raises UnknownMethod, BadSetting, and StoreUnavailable where a package is missing.
    """
    if asked is None:
        return
    if asked != AUTO:
        store = choose(asked, 0)
        file = methods.module("stores", store.name)
        if hasattr(file, "check"):
            file.check()
    writer.remember("store", asked)


def keep_index(gallery: Path, progress: Progress, named: str = "") -> None:
    """Bring the index up to date, if the gallery's store, or the one that is named, keeps one.

    It needs no lock of the gallery, and searches go on meanwhile. Raises StorageFailed.
    """
    with snapshot_of(gallery) as snapshot:
        if snapshot.generation is None:
            return
        asked = named or str(snapshot.catalogue.fact("store") or AUTO)
        store = choose(asked, len(snapshot.vectors))
        if not store.says.get("KEEPS_INDEX"):
            return
        file = methods.module("stores", store.name)
        if not file.is_installed():
            progress.say(f"The index of this gallery needs its package: pip install 'resight[{store.name}]'.")
            return
        given = Given(
            str(snapshot.catalogue.fact("id")), snapshot.generation.number, snapshot.vectors, snapshot.deleted
        )
        file.keep(gallery, given, progress)
