"""What a store on a server does for a gallery, whichever server: rows are pushed, told of, and dropped."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from resight.progress import Progress
from resight.stores._promise import Given, Held
from resight.stores._served import Server


class Upkeep:
    """`keep`, `tell` and `drop` of a store's file, by what opens its server; no folder is looked into."""

    def __init__(self, connect: Callable[[], AbstractContextManager[Server]]) -> None:
        self._connect = connect

    def keep(self, folder: Path, given: Given, progress: Progress) -> None:
        """Push what the server does not have yet; raises StoreUnavailable, and StoreFailed."""
        from resight.stores._pushing import push

        with self._connect() as server:
            push(server, given, progress)

    def tell(self, folder: Path, gallery: str) -> list[Held]:
        """What the server has of a gallery, the latest generation first; raises as `keep` does."""
        with self._connect() as server:
            return [Held(each.generation, each.rows, each.measured > 0) for each in server.find(gallery)]

    def drop(self, folder: Path, gallery: str) -> None:
        """Take all of a gallery from the server; raises as `keep` does."""
        from resight.stores._pushing import drop_all

        with self._connect() as server:
            drop_all(server, gallery)
