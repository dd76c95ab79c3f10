"""Describers that describe queries as a gallery was described."""

from __future__ import annotations

import logging
import threading

from resight.describing.describer import Describer, describer_like
from resight.gallery import Snapshot


class Describers:
    """The describers of the last two fits: while a gallery is fitted anew, searches may see either.

    `workers` are how many threads describe at once.
    """

    def __init__(self, engine: str, workers: int = 1) -> None:
        self._engine, self._workers, self._lock = engine, workers, threading.Lock()
        self._made: dict[str | None, Describer] = {}

    def make_like(self, snapshot: Snapshot) -> Describer:
        """The describer that gives descriptors like those of the snapshot."""
        fit = snapshot.generation.parameters if snapshot.generation else None
        with self._lock:
            if fit not in self._made:
                self._made = dict([*self._made.items()][-1:])
                batch = 1 if self._workers == 1 else 0  # several threads: as many at once as the engine likes
                self._made[fit] = describer_like(snapshot, self._engine, self._workers, batch)
                if told := self._made[fit].cost:
                    logging.getLogger("resight").info(told)
            return self._made[fit]
