"""`index --on ray`: shards are tasks of a Ray cluster, merged as they come. Moritz et al., OSDI 2018."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from resight.errors import (
    BadSetting,
    ClusterUnavailable,
    GalleryError,
    GalleryLocked,
    ResightError,
)
from resight.gallery import Writer, snapshot_of
from resight.gallery.merging import refuse_damaged
from resight.indexer.counts import Counts
from resight.indexer.merging import Merging
from resight.indexer.outcome import Reader
from resight.indexer.shard import Shard, number_of
from resight.indexer.shard_index import FOLDER
from resight.indexer.shard_job import ShardJob, job_for
from resight.indexer.shard_task import STOP, describe_in_task
from resight.indexer.shard_writing import FACT, unfinished
from resight.progress import Progress
from resight.roots import Folder
from resight.workers.cluster import cluster

PHOTOS = 500  # of a shard at most: some minutes of one core
A_WORKER = 8  # shards at least, so that no worker waits long for the last one
RETRIES = 10  # of a shard whose worker died; a rerun goes on from there
AHEAD = 3  # shards a core that the cluster is told of
PREFIX = "ray-"


@dataclass(frozen=True)
class OnRay:
    """Describes files as `read_files` does, by tasks of a cluster: one a core, or one a GPU and its cores.

    `where` is `ray`, or `ray://HOST:PORT`; raises BadSetting for anything else.
    """

    where: str
    engine: str
    batch: int | None

    def __post_init__(self) -> None:
        if self.where != "ray" and not self.where.startswith("ray://"):
            raise BadSetting(f"Photos are described on ray or ray://HOST:PORT, not on '{self.where}'.")

    def __call__(
        self,
        writer: Writer,
        reader: Reader,
        paths: Sequence[str],
        workers: int,
        progress: Progress,
        failed: int,
    ) -> Counts:
        """Describe files in shards, and take each shard in as it comes.

        Raises ClusterUnavailable, and what the tasks raise; what was taken by then stays.
        """
        merging, folder = Merging(writer, progress), writer.folder.absolute() / FOLDER
        folder.mkdir(exist_ok=True)
        (folder / STOP).unlink(missing_ok=True)
        done = set[str]()
        for left in sorted(folder.glob(f"{PREFIX}*")):
            done |= take_left(writer, merging, left)
        waiting = [path for path in paths if path not in done]
        if waiting and not progress.stopping():
            with cluster(self.where) as ray:
                tasks = Tasks(ray, self, folder)
                tasks.run(jobs(writer, reader, waiting, tasks.cores), merging, progress)
        with contextlib.suppress(OSError):
            folder.rmdir()
        return merging.counts()


class Tasks:
    """The tasks of one run: so many ahead of the cluster's cores, and none once an end is asked for."""

    def __init__(self, ray: Any, asked: OnRay, folder: Path) -> None:
        self._ray, self._folder, self._pending = ray, folder, dict[Any, Path]()
        self.cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
        gpus = int(ray.cluster_resources().get("GPU", 0)) if asked.engine != "openvino" else 0
        threads = max(1, self.cores // gpus) if gpus else 1
        self._options = {"engine": asked.engine, "workers": threads, "batch": asked.batch}
        self._task = ray.remote(
            num_cpus=threads, num_gpus=1 if gpus else 0, max_retries=RETRIES,
        )(describe_in_task)  # fmt: skip

    def run(self, jobs: Iterator[ShardJob], merging: Merging, progress: Progress) -> None:
        """Hand out all jobs, and take in what they make; after a stop, what was described until then."""
        more = True
        while more or self._pending:
            while more and len(self._pending) < AHEAD * self.cores and not progress.stopping():
                job = next(jobs, None)
                more = job is not None
                if job is not None:
                    target = self._folder / f"{PREFIX}{job.name}-{job.content}"
                    self._pending[self._task.remote(job, target, **self._options)] = target
            if progress.stopping():
                more = False
                (self._folder / STOP).touch()
            ready, _ = self._ray.wait(list(self._pending), timeout=0.5) if self._pending else ([], [])
            for task in ready:
                self._take(task, merging)
        (self._folder / STOP).unlink(missing_ok=True)

    def _take(self, task: Any, merging: Merging) -> None:
        target = self._pending.pop(task)
        try:
            whole = self._ray.get(task)
        except self._ray.exceptions.RayTaskError as error:
            raise (error.cause if isinstance(error.cause, ResightError) else error) from None
        except self._ray.exceptions.RayError as error:
            raise ClusterUnavailable(
                f"A shard was given up by the cluster ({type(error).__name__}): "
                "the same command goes on from what was described."
            ) from None
        found = target if whole else unfinished(target)
        if found.exists():
            merging.take(found, passing=True)
            shutil.rmtree(found)


def jobs(writer: Writer, reader: Reader, paths: Sequence[str], cores: int) -> Iterator[ShardJob]:
    """The photos in shards of some hundreds, each looked at when its turn comes; those gone are left out."""
    count = max(min(A_WORKER * cores, len(paths)), -(-len(paths) // PHOTOS))
    parts: dict[int, list[str]] = {}
    for path in paths:
        parts.setdefault(number_of(path, count), []).append(path)
    root = reader.root
    if isinstance(root, Folder):
        root = Folder(root.place.absolute())
    reader = replace(reader, root=root)
    base = job_for(writer.committed, reader.describer, root, "", (), reader.turns, reader.strict)
    for number, names in sorted(parts.items()):
        turns = {name: reader.turns[name] for name in names if name in reader.turns}
        files = reader.found(names)
        yield replace(base, name=Shard(number, count).name, files=files, turns=turns)


def take_left(writer: Writer, merging: Merging, folder: Path) -> set[str]:
    """Take in what an earlier run left behind, whole or not, and remove it; the files that it held.

    Left alone is what another process still writes. What is damaged, or of another fit, is removed untaken.
    """
    try:
        with Writer(folder, must_exist=True):
            pass
        names = _files_of(writer, folder)
    except GalleryLocked:
        return set()
    except GalleryError:
        names = set()
    if names:
        merging.take(folder, passing=True)
    shutil.rmtree(folder)
    return names


def _files_of(writer: Writer, folder: Path) -> set[str]:
    """The files of a shard; none where it cannot be taken. Raises GalleryError for a damaged one."""
    with snapshot_of(folder) as shard:
        if shard.catalogue.fact(FACT) is None or shard.fingerprint != writer.committed.fingerprint:
            return set()
        refuse_damaged(shard)
        return {path for path, _, _ in shard.catalogue.files()}
