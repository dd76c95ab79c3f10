"""`index`: the first time, and again to update; every photo is read once and described once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from resight.describing.describer import Describer
from resight.gallery import Writer
from resight.gallery.database import is_there
from resight.indexer import local
from resight.indexer.counts import Counts
from resight.indexer.fits import SAMPLE
from resight.indexer.housekeeping import forget
from resight.indexer.noise import keep_noise
from resight.indexer.on_ray import OnRay
from resight.indexer.opening import gallery_for, nothing_there, opened
from resight.indexer.outcome import Reader
from resight.indexer.planning import Plan, moved, planned
from resight.indexer.published import published
from resight.indexer.reading import Others, leave_files, read_files, read_photos
from resight.indexer.report import Report
from resight.indexer.store import check_store, keep_index
from resight.processors import processors
from resight.progress import Progress, Silent
from resight.recipe import Recipe
from resight.roots import Root, root_at


def index(
    photos: Path | str,
    gallery: Path | str | None = None,
    recipe: Recipe | None = None,
    *,
    engine: str = "auto",
    workers: int | None = None,
    batch: int | None = None,
    prune: bool = False,
    retry: bool = False,
    fit_from: Path | str | None = None,
    local_features: bool | None = None,
    exclude: Iterable[str] | None = None,
    only: Iterable[str] | None = None,
    turns: Mapping[str, int] | None = None,
    max_megapixels: float | None = None,
    strict: bool = False,
    store: str | None = None,
    sample: int = SAMPLE,
    fit_only: bool = False,
    on: str = "",
    noise: bool = True,
    progress: Progress | None = None,
) -> Report:
    """Make the gallery of a folder of photos true: new, changed, moved and vanished files are noticed.

    `photos` is a folder, or an address in object storage such as `s3://bucket/prefix` (docs/objects.md). The
    gallery is `photos/.resight` unless named, as that of an address must be. What is committed stays,
    however the run ends. Raises TooMuchVanished, with nothing changed, when the folder or more than half of
    its photos are gone, unless `prune` says that this is meant. `batch` is how many photos of one shape go
    through the network at once; None: as many as the engine does best with. `local_features` are stored (or,
    if false, forgotten), now and later; None: as before. `exclude` are globs over relative paths, or over
    names where they have no '/': such files and folders are passed over, now and by every later `index`, and
    leave the gallery; None: as before. `only` lists the photos of the gallery, relative paths below the
    folder with '/', in place of a walk: all others leave it, and one that is not there counts as failed.
    `turns` are degrees clockwise by which upright photos are turned, with black corners: those that a later
    call does not turn are described anew. `max_megapixels`: how large a photo may be, now and later; None:
    as before, 200 at first. `strict` refuses the photos that would carry a warning; those that are indexed
    already stay. `store` is what the gallery is searched by, now and later, and its index brought up to date
    at the end; None: as before, `auto` at first. A fit looks at `sample` photos; `fit_only` leaves the
    others to shards, `on` ("ray", "ray://HOST:PORT") to a Ray cluster. By `noise` searches tell chance.
    """
    root, watching, workers = root_at(photos), progress or Silent(), workers or processors()
    folder = gallery_for(root, gallery)
    _check(root, folder, store)
    with Writer(folder) as writer, published(watching, folder) as progress:
        describer = opened(writer, root, recipe, engine, workers, fit_from, batch)
        plan = planned(
            writer, root, exclude=exclude, only=only, turns=turns, max_megapixels=max_megapixels,
            prune=prune, retry=retry, sample=sample, progress=progress,
        )  # fmt: skip
        reader = _make_reader(writer, root, describer, plan, local_features, strict)
        others = _others(fit_only, on, engine, batch)
        report = carried_out(writer, reader, plan, workers, progress, store, others, noise)
    return end_with_index(report, watching)


def _others(fit_only: bool, on: str, engine: str, batch: int | None) -> Others:
    """Who describes the photos that are no sample of a fit."""
    if fit_only:
        return leave_files
    return OnRay(on, engine, batch) if on else read_files


def _check(root: Root, folder: Path, store: str | None) -> None:
    """Raise BadQuery where there is neither a folder nor a gallery of it, and what `check_store` raises."""
    if not root.is_there() and not is_there(folder):
        raise nothing_there(root)
    check_store(store)


def _make_reader(
    writer: Writer, root: Root, describer: Describer, plan: Plan, local_features: bool | None, strict: bool
) -> Reader:
    return Reader(
        root, describer, writer.find_content, plan.turns, variants=None,
        local=local.settled(writer, local_features), pixel_limit=writer.catalogue.pixel_limit, strict=strict,
        listed=plan.listed,
    )  # fmt: skip


def end_with_index(report: Report, progress: Progress) -> Report:
    """Bring the index of the gallery's store up to date, unless an end was asked for."""
    if not report.interrupted:
        keep_index(report.gallery, progress)
    return report


def carried_out(
    writer: Writer,
    reader: Reader,
    plan: Plan,
    workers: int,
    progress: Progress,
    store: str | None = None,
    others: Others = read_files,
    noise: bool = True,
) -> Report:
    """Read what a plan says is to be read; then, unless an end was asked for, what is gone leaves.

    What the gallery is searched by is kept first, if it is said. Where files are left to shards, what is gone
    stays, too: it may have been moved to where they find it.
    """
    if store:
        writer.remember("store", store)
    counts = read_photos(writer, reader, plan, workers, progress, others)
    away = plan.away(writer, counts)
    gone = [] if counts.left else plan.gone(away)
    found_again = 0
    if not counts.interrupted and not counts.left:
        found_again = moved(writer, gone, counts)
        for path in plan.missing:
            writer.set_file(path, 0, -1, failure="not there")
        forget(writer, gone)
        counts += complete_local(writer, reader, workers, progress)
    if noise:
        keep_noise(writer, reader.describer, workers, progress)
        counts += Counts(interrupted=progress.stopping())
    return reported(writer, plan, counts, away, len(gone), found_again)


def complete_local(writer: Writer, reader: Reader, workers: int, progress: Progress) -> Counts:
    """Store the local features of photos that have none, if they are wanted."""
    if not reader.local:
        return Counts()
    stored = local.complete(writer, reader.root, workers, progress)
    return Counts(local_features=stored, interrupted=progress.stopping())


def reported(
    writer: Writer, plan: Plan, counts: Counts, away: Mapping[str, list[str]], gone: int, moved: int
) -> Report:
    """What the stages of a plan came to, of which so many files are `gone`, and so many of these `moved`."""
    return Report(
        writer.folder,
        writer.committed.recipe.name,
        photos=plan.changes.found,
        described=counts.described,
        same=counts.recognised.total() - moved,
        moved=moved,
        vanished=gone - moved,
        unchanged=plan.changes.found - len(plan.to_read),
        failed=counts.failed + len(plan.missing),
        skipped=plan.walk.skipped,
        system_folders=plan.walk.system_folders,
        excluded=plan.walk.excluded,
        exclude=plan.excluded.globs,
        away={folder: len(files) for folder, files in away.items() if files},
        unreadable=tuple(plan.walk.unreadable),
        fitted=counts.fitted,
        local_features=counts.local_features,
        interrupted=counts.interrupted,
        warnings=dict(sorted(counts.warnings.items())),
        left=counts.left,
    )
