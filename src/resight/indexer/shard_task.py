"""A shard described on some machine of a cluster, which is told by a file whether to stop."""

from __future__ import annotations

import functools
import time
from pathlib import Path

from resight import engines
from resight.describing import Describer, Fitted
from resight.engines import Engine
from resight.errors import GalleryLocked
from resight.indexer.shard_job import ShardJob
from resight.indexer.shard_writing import unfinished, write_shard
from resight.parts import Backbone
from resight.processors import at_most
from resight.progress import Silent

STOP = "stop"  # a file beside the shards
EVERY = 1.0  # seconds between two looks at it
PATIENCE = 20.0  # seconds


def describe_in_task(job: ShardJob, target: Path, *, engine: str, workers: int, batch: int | None) -> bool:
    """Describe a shard into the folder `target`; false if it was stopped, and what it did is unfinished.

    It keeps to as many cores as it has `workers`. Whoever does it again, after a kill, goes on from what is
    committed.
    """
    watching, since = _Watching(target.parent / STOP), time.monotonic()
    while True:
        try:
            with at_most(workers):
                counts = write_shard(
                    job, unfinished(target), target, engine=engine, workers=workers, batch=batch,
                    progress=watching, describers=_describer_like,
                )  # fmt: skip
        except GalleryLocked:  # the system may take a moment to let go of what a killed worker held
            if time.monotonic() - since > PATIENCE:
                raise
            time.sleep(EVERY)
        else:
            return not counts.interrupted


def _describer_like(source: Fitted, engine: str, workers: int, batch: int) -> Describer:
    """As `describing.describer_like`, with engines that are kept."""
    make = functools.partial(_load, name=engine, workers=workers, batch=batch)
    return Describer(source.recipe, *source.parameters(), make)


@functools.lru_cache(maxsize=4)  # the backbones of a recipe
def _load(backbone: Backbone, name: str, workers: int, batch: int) -> Engine:
    """The engine of the shard before: each shape of photos that it has seen is prepared."""
    return engines.load(backbone, name, workers, batch)


class _Watching(Silent):
    """Asks for an end once a file is there."""

    def __init__(self, file: Path) -> None:
        self._file, self._looked, self._stop = file, 0.0, False

    def stopping(self) -> bool:
        """Whether the file is there; looked for once a second."""
        if not self._stop and time.monotonic() - self._looked > EVERY:
            self._looked, self._stop = time.monotonic(), self._file.exists()
        return self._stop
