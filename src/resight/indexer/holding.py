"""What stores hold of a gallery: pushed to them, told of, and dropped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resight import methods, places
from resight.errors import BadSetting
from resight.gallery import Snapshot, snapshot_of
from resight.indexer.store import describe_rows, name_kept
from resight.progress import Progress, Silent
from resight.stores import Held, choose


@dataclass(frozen=True)
class Holding:
    """What a `store` holds, latest generation first, of a gallery whose `generation` has so many `rows`.

    `generation` is None for a gallery that has none yet.
    """

    store: str
    generation: int | None
    rows: int
    held: tuple[Held, ...]

    @property
    def complete(self) -> bool:
        """Whether a search finds all rows by the store."""
        return any(
            each.ready and (each.generation, each.rows) == (self.generation, self.rows) for each in self.held
        )


def push(gallery: Path, named: str = "", progress: Progress | None = None) -> Holding:
    """Bring all rows to the store that is named, or that the gallery keeps; what is there already stays.

    Ended early, the same again goes on. Raises BadSetting for a store that keeps nothing, StoreUnavailable
    and StoreFailed.
    """
    with snapshot_of(gallery) as snapshot:
        store, file = _choose(snapshot, named)
        file.check()
        if snapshot.generation is not None:
            file.keep(gallery, describe_rows(snapshot), progress or Silent())
        return _tell(snapshot, store, file)


def status(gallery: Path, named: str = "") -> Holding:
    """What the store holds; raises as `push` does."""
    with snapshot_of(gallery) as snapshot:
        store, file = _choose(snapshot, named)
        file.check()
        return _tell(snapshot, store, file)


def drop(gallery: Path, named: str = "") -> Holding:
    """Take away all that the store holds of the gallery, and tell what that was; raises as `push` does."""
    with snapshot_of(gallery) as snapshot:
        store, file = _choose(snapshot, named)
        file.check()
        before = _tell(snapshot, store, file)
        file.drop(gallery, str(snapshot.catalogue.fact("id")))
        return before


def _choose(snapshot: Snapshot, named: str) -> tuple[str, Any]:
    """The name of a store, and its file."""
    found = choose(named or name_kept(snapshot), len(snapshot.vectors))
    if not found.says.get("KEEPS_INDEX"):
        known = [
            each
            for each in places.own_names("stores")
            if getattr(methods.module("stores", each), "KEEPS_INDEX", False)
        ]
        raise BadSetting(
            f"The store '{found.name}' holds nothing of a gallery: name one that does with --store, of "
            f"{', '.join(known)}."
        )
    return found.name, methods.module("stores", found.name)


def _tell(snapshot: Snapshot, store: str, file: Any) -> Holding:
    generation = snapshot.generation.number if snapshot.generation else None
    held = file.tell(snapshot.folder, str(snapshot.catalogue.fact("id")))
    return Holding(store, generation, len(snapshot.vectors), tuple(held))
