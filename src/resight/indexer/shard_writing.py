"""One shard described into a small gallery, which gets its name only when it is whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from resight.describing.describer import Describer, Fitted, describer_like
from resight.errors import GalleryError
from resight.files import UNFINISHED
from resight.gallery import Snapshot, Writer, snapshot_of
from resight.gallery.database import is_there, storage_errors
from resight.gallery.vectors import Disk
from resight.indexer import local
from resight.indexer.counts import Counts
from resight.indexer.outcome import Reader
from resight.indexer.published import published
from resight.indexer.reading import read_files
from resight.indexer.shard_job import ShardJob
from resight.progress import Progress
from resight.roots import Found

FACT = "shard"


def unfinished(folder: Path) -> Path:
    """Where a shard is while it is written."""
    return folder.with_name(folder.name + UNFINISHED)


def write_shard(
    job: ShardJob,
    begun: Path,
    folder: Path,
    *,
    engine: str = "auto",
    workers: int = 1,
    batch: int | None = None,
    progress: Progress,
    disk: Disk | None = None,
    describers: Callable[[Fitted, str, int, int], Describer] = describer_like,
) -> Counts:
    """Describe a job's photos in the folder `begun`, then rename that to `folder`; a rerun goes on.

    Where `folder` is there already, nothing is done. Raises GalleryError where it, or what was begun, is of
    another job.
    """
    if is_there(folder):
        _refuse_other(folder, job)
        return Counts()
    disk = disk or Disk()
    with Writer(begun, disk=disk) as writer, published(progress, begun) as watching:
        _begin(writer, job)
        describer = describers(writer.committed, engine, workers, batch or 0)
        writer.committed.check(describer.fingerprint)
        listed = {path: (size, version) for path, size, version in job.files}.__getitem__
        reader = Reader(
            job.root, describer, writer.find_content, job.turns, variants=None, local=job.local,
            pixel_limit=writer.catalogue.pixel_limit, strict=job.strict,
            listed=listed if job.root.remote else None,
        )  # fmt: skip
        waiting = list(_waiting(writer, job.files))
        watching.start("Describing", len(waiting))
        counts = read_files(writer, reader, waiting, workers, watching)
        if counts.interrupted:
            return counts
        _keep_only(writer, job)
        writer.remember(FACT, json.dumps(_facts(job) | {"ready": True}))
        writer.commit()
    with storage_errors():
        disk.rename(begun, folder)
    return counts


def facts_of(shard: Snapshot) -> dict[str, Any]:
    """What a shard says of itself; raises GalleryError for a gallery that is no shard, or not ready."""
    own = shard.catalogue.fact(FACT)
    if own is None:
        raise GalleryError(f"{shard.folder} is a gallery, and no shard of one: `resight merge` takes shards.")
    found: dict[str, Any] = json.loads(own)
    if not found["ready"]:
        raise GalleryError(
            f"The shard {shard.folder} is not whole: the command that began it goes on from where it ended."
        )
    return found


def _facts(job: ShardJob) -> dict[str, Any]:
    return {
        "gallery": job.gallery, "fingerprint": job.fingerprint, "name": job.name,
        "content": job.content, "ready": False,
    }  # fmt: skip


def _refuse_other(folder: Path, job: ShardJob) -> None:
    with snapshot_of(folder) as there:
        if facts_of(there)["content"] != job.content:
            raise GalleryError(
                f"There is another shard in {folder}: merge it and remove it, or name another with --out."
            )


def _begin(writer: Writer, job: ShardJob) -> None:
    """Write down what the shard is of, as far as that was not done before a kill."""
    if writer.catalogue.fact("root") is None:
        writer.begin(job.root.place, job.recipe, job.weights)
    before = json.loads(writer.catalogue.fact(FACT, "null"))
    facts = _facts(job)
    if before and any(before[key] != facts[key] for key in ("gallery", "fingerprint", "name")):
        raise GalleryError(
            f"{writer.folder} was begun for another gallery, recipe, fit or shard: remove that folder."
        )
    if job.max_megapixels is not None and writer.catalogue.fact("max_megapixels") != job.max_megapixels:
        writer.set_pixel_limit(job.max_megapixels)
    local.settled(writer, job.local)
    if job.fit and writer.committed.generation is None:
        own, provenance, behind = job.fit
        name = writer.generations.save_parameters(own, behind)
        writer.generations.switch(writer.generations.start("index", name, provenance))
    writer.remember(FACT, json.dumps(facts))
    writer.commit()


def _waiting(writer: Writer, files: Iterable[Found]) -> Iterable[str]:
    """The files that were not described before, or have changed since."""
    for path, *state in files:
        known = writer.catalogue.file(path)
        if known is None or list(known.state) != state:
            yield path


def _keep_only(writer: Writer, job: ShardJob) -> None:
    """Forget what an earlier run described that is not asked for any more."""
    wanted = {path for path, _, _ in job.files}
    for path in [path for path, _, _ in writer.catalogue.files() if path not in wanted]:
        writer.forget_file(path)
    writer.drop_orphans()
