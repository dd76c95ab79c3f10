"""`index --shard`: a gallery's photos of one shard, described apart from the gallery."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from resight.describing.describer import describer_like
from resight.gallery import Snapshot, snapshot_of
from resight.images.folder import Walk
from resight.indexer.counts import Counts
from resight.indexer.excluding import read_exclusions
from resight.indexer.listed import Listed
from resight.indexer.opening import gallery_for, nothing_there
from resight.indexer.report import Report
from resight.indexer.shard import Shard
from resight.indexer.shard_job import ShardJob, job_for, refuse_other_folder, to_describe
from resight.indexer.shard_writing import unfinished, write_shard
from resight.indexer.walk import file_states
from resight.processors import processors
from resight.progress import Progress, Silent
from resight.roots import Listing, Root, root_at

FOLDER = "shards"  # in the gallery


def index_shard(
    photos: Path | str,
    shard: tuple[int, int] | Shard,
    gallery: Path | str | None = None,
    out: Path | str | None = None,
    *,
    engine: str = "auto",
    workers: int | None = None,
    batch: int | None = None,
    retry: bool = False,
    only: Iterable[str] | None = None,
    turns: Mapping[str, int] | None = None,
    strict: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Describe the photos of one shard, (2, 8) for the second of eight, that a gallery does not hold yet.

    They are described as the gallery describes, whose fit must have been made (`index(..., fit_only=True)`):
    recipe, fit, what is passed over, how large a photo may be and whether local features are stored are the
    gallery's. The gallery itself is only read. The shard is a gallery of its own, in the folder `out`, or
    else in one of the gallery's `shards` that is named by what is in it; it gets that name when it is whole,
    and never changes then. A run that was ended goes on. `merge` takes shards into the gallery.

    `only` and `turns` are those of `index`. Raises NoGallery, NotFitted, BadQuery, DescribedOtherwise, and
    GalleryError where `out` holds another shard.
    """
    root, part = root_at(photos), shard if isinstance(shard, Shard) else Shard(*shard)
    folder, workers, turned = gallery_for(root, gallery), workers or processors(), turns or {}
    with snapshot_of(folder) as snapshot:
        refuse_other_folder(snapshot, root)
        walk = _walk(snapshot, root, only)
        found = [each for each in file_states(walk) if part.holds(each[0])]
        files = to_describe(snapshot.catalogue, found, turned, retry)
        describer = describer_like(snapshot, engine, workers, batch or 0)
        job = job_for(snapshot, describer, root, part.name, files, turned, strict)
    target = Path(out) if out else folder / FOLDER / f"{part.name}-{job.content}"
    begun = unfinished(target if out else folder / FOLDER / part.name)
    counts = write_shard(
        job, begun, target, engine=engine, workers=workers, batch=batch, progress=progress or Silent()
    )
    return reported(job, target, walk, counts, len(found))


def reported(
    job: ShardJob, folder: Path, walk: Walk | Listing | Listed, counts: Counts, found: int
) -> Report:
    """What describing a shard of so many photos came to."""
    return Report(
        folder,
        job.recipe.name,
        photos=found,
        described=counts.described,
        same=counts.recognised.total(),
        unchanged=found - counts.described - counts.recognised.total() - counts.failed,
        failed=counts.failed,
        skipped=walk.skipped,
        system_folders=walk.system_folders,
        excluded=walk.excluded,
        unreadable=tuple(walk.unreadable),
        local_features=counts.local_features,
        interrupted=counts.interrupted,
        warnings=dict(sorted(counts.warnings.items())),
    )


def _walk(snapshot: Snapshot, root: Root, only: Iterable[str] | None) -> Walk | Listing | Listed:
    if not root.is_there():
        raise nothing_there(root)
    if only is not None:
        return Listed(root, only)
    return root.walk(snapshot.folder, read_exclusions(snapshot.catalogue))
