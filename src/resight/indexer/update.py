"""`index`: the first time, and again to update; every photo is read once and described once."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from resight.errors import BadQuery
from resight.gallery import Writer
from resight.gallery.changes import Changes
from resight.gallery.database import is_there
from resight.images.folder import Walk
from resight.indexer import fits, local
from resight.indexer.excluding import settle_exclusions
from resight.indexer.housekeeping import forget
from resight.indexer.listed import Listed
from resight.indexer.older import forget_other_pixels
from resight.indexer.opening import is_folder, is_root, opened
from resight.indexer.outcome import Outcome, Reader
from resight.indexer.vanished import find_vanished
from resight.indexer.walk import file_states
from resight.processors import processors
from resight.progress import Progress, Silent, Stopped
from resight.recipe import Recipe
from resight.workers.threads import in_order


@dataclass(frozen=True)
class Report:
    """What one run of `index` did: counts of files, and the folders and files that could not be read.

    `local_features`: of how many photos they were stored. `recipe`: the name of the gallery's. `exclude`: the
    globs in force; so many `excluded` files and folders were passed over for them, and so many
    `system_folders` as folders of thumbnails or deleted files. `away`: folders of drives that are not there,
    with the number of files in each, which stay as they were. `warnings`:
    how many of the photos that were described now carry each warning, such as "damaged".
    """

    gallery: Path
    recipe: str
    photos: int = 0
    described: int = 0
    same: int = 0
    moved: int = 0
    vanished: int = 0
    unchanged: int = 0
    failed: int = 0
    skipped: int = 0
    system_folders: int = 0
    excluded: int = 0
    exclude: tuple[str, ...] = ()
    away: Mapping[str, int] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()
    fitted: str = ""
    local_features: int = 0
    interrupted: bool = False
    warnings: dict[str, int] = field(default_factory=dict)


def index(
    photos: Path | str,
    gallery: Path | str | None = None,
    recipe: Recipe | None = None,
    *,
    engine: str = "auto",
    workers: int | None = None,
    prune: bool = False,
    retry: bool = False,
    fit_from: Path | str | None = None,
    local_features: bool | None = None,
    exclude: Iterable[str] | None = None,
    only: Iterable[str] | None = None,
    turns: Mapping[str, int] | None = None,
    max_megapixels: float | None = None,
    strict: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Make the gallery of a folder of photos true: new, changed, moved and vanished files are noticed.

    The gallery is `photos/.resight` unless named. What is committed stays, however the run ends. Raises
    TooMuchVanished, with nothing changed, when the folder or more than half of its photos are gone, unless
    `prune` says that this is meant.

    `local_features` are stored (or, if false, forgotten), now and by every later `index`; None: as before.
    `exclude` are globs over relative paths, or over names where they have no '/': such files and folders are
    passed over, now and by every later `index`, and leave the gallery; None: as before.
    `only` lists the photos of the gallery, relative paths below the folder with '/', in place of a walk: all
    others leave it, and one that is not there counts as failed. `turns` are degrees clockwise by which photos
    are turned once they are read upright, corners filled with black: the gallery knows them turned, and those
    that a later call does not turn are described anew. `max_megapixels`: how large a photo may be, now and
    at every later `index` and search; None: as before, 200 at first. `strict` refuses the photos that would
    carry a warning; those that are indexed already stay.
    """
    root, progress = Path(photos), progress or Silent()
    folder = Path(gallery) if gallery else root / ".resight"
    workers = workers or processors()
    there = is_folder(root)
    if not there and not is_there(folder):
        raise BadQuery(f"There is no folder {root}.")
    with Writer(folder) as writer:
        describer = opened(writer, root, recipe, engine, workers, fit_from)
        excluded = settle_exclusions(writer, exclude)
        walk = Walk(root, folder, excluded) if only is None else Listed(root, only)
        if max_megapixels is not None and round(1e6 * max_megapixels) != writer.catalogue.pixel_limit:
            writer.set_pixel_limit(max_megapixels)
        turns = {relative: degrees % 360 for relative, degrees in (turns or {}).items()}
        progress.start("Looking through the folder", None)
        files = file_states(walk) if isinstance(walk, Walk) else walk
        changes = writer.changes(files if there else (), turns)
        to_read = changes.to_read(retry)
        found = find_vanished(writer, root, walk, changes, to_read, prune)
        if there and not is_root(writer, root):
            writer.move_root(root)
        if forget_other_pixels(writer, root, progress):
            to_read = changes.to_read(retry)
        reader = Reader(
            root, describer, writer.find_content, turns, variants=None,
            local=local.settled(writer, local_features), pixel_limit=writer.catalogue.pixel_limit,
            strict=strict,
        )  # fmt: skip
        run = Run(writer, reader, workers, progress)
        run.read(to_read, changes)
        missing = walk.missing if isinstance(walk, Listed) else []
        away = {folder: run.leave_out_moved(files) for folder, files in found.away.items()}
        staying = {path for files in away.values() for path in files}
        vanished = sorted({*found.gone, *itertools.chain(*found.away.values())} - {*missing} - staying)
        moved = 0
        if not run.interrupted:
            moved = run.moved(vanished)
            for path in missing:
                writer.set_file(path, 0, -1, failure="not there")
            forget(writer, vanished)
            run.complete()
        return Report(
            folder,
            writer.committed.recipe.name,
            photos=changes.found,
            described=run.described,
            same=run.recognised.total() - moved,
            moved=moved,
            vanished=len(vanished) - moved,
            unchanged=changes.found - len(to_read),
            failed=run.failed + len(missing),
            skipped=walk.skipped,
            system_folders=walk.system_folders,
            excluded=walk.excluded,
            exclude=excluded.globs,
            away={folder: len(files) for folder, files in away.items() if files},
            unreadable=tuple(walk.unreadable),
            fitted=run.fitted,
            local_features=run.local_features,
            interrupted=run.interrupted,
            warnings=dict(sorted(run.warnings.items())),
        )


class Run:
    """One pass over the files to read: the photos of the fit's sample, a fit if one is due, the others."""

    def __init__(self, writer: Writer, reader: Reader, workers: int, progress: Progress) -> None:
        self._writer, self._reader, self._describer = writer, reader, reader.describer
        self._workers, self._progress = workers, progress
        self.local_features, self.warnings = 0, Counter[str]()
        self.described, self.failed, self.fitted, self.interrupted = 0, 0, "", False
        self.recognised: Counter[int] = Counter()  # files of each image that was known already

    def read(self, to_read: list[str], changes: Changes) -> None:
        """Read, describe and commit."""
        if to_read:
            self._writer.committed.check(self._describer.fingerprint)
        self._progress.start("Describing", len(to_read))
        if not fits.is_open(self._writer, self._describer):
            return self._take(to_read)
        sample, read = self._sample(to_read, changes)
        full = changes.found > len(sample)
        left = [path for path in to_read if path not in read]
        if not self.interrupted and fits.is_due(self._writer, full):
            name, photos = self._writer.committed.recipe.name, len(self._writer.committed.fit_sample.images())
            self._progress.say(f"Fitting the recipe '{name}' on {photos} of these photos.")
            try:
                self._describer = fits.refit(self._writer, self._describer, sample, full, self._progress)
            except Stopped:
                self.interrupted = True
                return
            self.fitted = self._writer.committed.fit
            self._progress.start("Describing", len(left))
            if caution := fits.caution(self._writer, self._describer):
                self._progress.say(caution)
        if not self.interrupted:
            self._take(left)

    def _sample(self, to_read: list[str], changes: Changes) -> tuple[set[str], set[str]]:
        """Read the sample of the fit; where not one file of it can be described, a larger one."""
        sample: set[str] = fits.sample(changes.paths(), fits.sample_size(self._writer, self._describer))
        read: set[str] = set()
        while True:
            new = [path for path in to_read if path in sample and path not in read]
            views = fits.variants(self._describer, len(sample))
            if views and new:
                told = f"{views} synthetic views of each of {len(new)} photos"
                self._progress.say(f"The fit looks at {told}, beside themselves.")
            self._take(new, views)
            read |= sample
            if self.interrupted or self._writer.committed.fit_sample.images() or len(sample) == changes.found:
                return sample, read
            sample = fits.sample(changes.paths(), 2 * len(sample))

    def complete(self) -> None:
        """Store the local features of photos that have none, if they are wanted."""
        if self._reader.local:
            root = self._reader.root
            self.local_features += local.complete(self._writer, root, self._workers, self._progress)
            self.interrupted = self._progress.stopping()

    def moved(self, vanished: list[str]) -> int:
        """How many of the vanished files were found elsewhere."""
        images = Counter(self._writer.catalogue.image_of(path) for path in vanished)
        return sum(min(count, self.recognised[image]) for image, count in images.items() if image)

    def leave_out_moved(self, files: list[str]) -> list[str]:
        """Files that are away, without those whose contents were found elsewhere: they were moved."""
        images = {path: self._writer.catalogue.image_of(path) for path in files}
        return [path for path, image in images.items() if not (image and self.recognised[image])]

    def _take(self, paths: list[str], variants: int | None = None) -> None:
        """Read files; with `variants`, what was prepared is kept for a fit, with so many synthetic views."""
        read = replace(self._reader, describer=self._describer, variants=variants)
        for outcome in in_order(read, paths, self._workers, self._progress.stopping):
            self._record(outcome)
            self._progress.step(self.failed)
            self._writer.commit_if_due()
        self._writer.commit()
        self.interrupted = self._progress.stopping()

    def _record(self, outcome: Outcome) -> None:
        image = None
        if outcome.failure is None:
            image = self._writer.find_content(outcome.sha256, outcome.turn)
            if image is None:
                self.described += 1
                image = self._add(outcome)
            else:
                self.recognised[image] += 1
        else:
            self.failed += 1
        self._writer.set_file(outcome.relative, outcome.size, outcome.mtime_ns, image, outcome.failure)

    def _add(self, read: Outcome) -> int:
        image = self._writer.add(
            read.sha256, read.shape, read.descriptor, read.prepared, read.turn, read.warnings
        )
        self.warnings.update(read.warnings)
        if read.local is not None:
            self._writer.local.put(image, read.local)
            self.local_features += 1
        return image
