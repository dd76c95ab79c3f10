"""`index`: the first time, and again to update; every photo is read once and described once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from resight.describer import Describer
from resight.errors import BadQuery
from resight.gallery import Writer
from resight.gallery.changes import Changes
from resight.indexer import fits, local
from resight.indexer.housekeeping import forget
from resight.indexer.listed import Listed
from resight.indexer.opening import is_root, opened
from resight.indexer.ordered import in_order
from resight.indexer.outcome import Outcome, Reader
from resight.indexer.progress import Progress, Silent, Stopped
from resight.indexer.vanished import refuse_if_unmounted
from resight.indexer.walk import Walk
from resight.processors import processors
from resight.recipe import Recipe


@dataclass(frozen=True)
class Report:
    """What one run of `index` did: counts of files, and the folders and files that could not be read.

    `local_features`: of how many photos they were stored. `recipe`: the name of the gallery's.
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
    unreadable: tuple[str, ...] = ()
    fitted: str = ""
    local_features: int = 0
    interrupted: bool = False


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
    only: Iterable[str] | None = None,
    turns: Mapping[str, int] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Make the gallery of a folder of photos true: new, changed, moved and vanished files are noticed.

    The gallery is `photos/.resight` unless named. What is committed stays, however the run ends. Raises
    TooMuchVanished, with nothing changed, when the folder or more than half of its photos are gone, unless
    `prune` says that this is meant.

    `local_features` are stored (or, if false, forgotten), now and by every later `index`; None: as before.
    `only` lists the photos of the gallery, relative paths below the folder with '/', in place of a walk: all
    others leave it, and one that is not there counts as failed. `turns` are degrees clockwise by which photos
    are turned once they are read upright, corners filled with black: the gallery knows them turned, and those
    that a later call does not turn are described anew.
    """
    root, progress = Path(photos), progress or Silent()
    folder = Path(gallery) if gallery else root / ".resight"
    workers = workers or processors()
    if not root.is_dir() and not (folder / "catalogue.sqlite").exists():
        raise BadQuery(f"There is no folder {root}.")
    with Writer(folder) as writer:
        describer = opened(writer, root, recipe, engine, workers, fit_from)
        walk = Walk(root, folder) if only is None else Listed(root, only)
        turns = {relative: degrees % 360 for relative, degrees in (turns or {}).items()}
        progress.start("Looking through the folder", None)
        changes = writer.changes(walk if root.is_dir() else (), turns)
        to_read, vanished = changes.to_read(retry), changes.vanished(walk.unreadable)
        if not prune:
            refuse_if_unmounted(writer, root, vanished, to_read)
        if root.is_dir() and not is_root(writer, root):
            writer.move_root(root)
        run = Run(writer, describer, root, turns, local.settled(writer, local_features), workers, progress)
        run.read(to_read, changes)
        missing = walk.missing if isinstance(walk, Listed) else []
        vanished = sorted({*vanished} - {*missing})
        moved = 0
        if not run.interrupted:
            moved = run.moved(vanished)
            for path in missing:
                writer.set_file(path, 0, -1, failure="not there")
            forget(writer, vanished)
            run.complete()
        return Report(
            folder,
            writer.recipe.name,
            photos=changes.found,
            described=run.described,
            same=run.recognised.total() - moved,
            moved=moved,
            vanished=len(vanished) - moved,
            unchanged=changes.found - len(to_read),
            failed=run.failed + len(missing),
            skipped=walk.skipped,
            unreadable=tuple(walk.unreadable),
            fitted=run.fitted,
            local_features=run.local_features,
            interrupted=run.interrupted,
        )


class Run:
    """One pass over the files to read: the photos of the fit's sample, a fit if one is due, the others.

    `turns` are degrees clockwise, `local` is whether local features are stored.
    """

    def __init__(
        self,
        writer: Writer,
        describer: Describer,
        root: Path,
        turns: Mapping[str, int],
        local: bool,
        workers: int,
        progress: Progress,
    ) -> None:
        self._writer, self._describer, self._root = writer, describer, root
        self._turns, self._local = turns, local
        self._workers, self._progress = workers, progress
        self.local_features = 0
        self.described, self.failed, self.fitted, self.interrupted = 0, 0, "", False
        self.recognised: Counter[int] = Counter()  # files of each image that was known already

    def read(self, to_read: list[str], changes: Changes) -> None:
        """Read, describe and commit."""
        if to_read:
            self._writer.check(self._describer.fingerprint)
        self._progress.start("Describing", len(to_read))
        if not fits.is_open(self._writer, self._describer):
            return self._take(to_read)
        sample, read = self._sample(to_read, changes)
        full = changes.found > len(sample)
        left = [path for path in to_read if path not in read]
        if not self.interrupted and fits.is_due(self._writer, full):
            name, photos = self._writer.recipe.name, len(self._writer.kept.images())
            self._progress.say(f"Fitting the recipe '{name}' on {photos} of these photos.")
            try:
                self._describer = fits.refit(self._writer, self._describer, sample, full, self._progress)
            except Stopped:
                self.interrupted = True
                return
            self.fitted = self._writer.fit
            self._progress.start("Describing", len(left))
            if caution := fits.caution(self._writer):
                self._progress.say(caution)
        if not self.interrupted:
            self._take(left)

    def _sample(self, to_read: list[str], changes: Changes) -> tuple[set[str], set[str]]:
        """Read the sample of the fit; where not one file of it can be described, a larger one."""
        sample: set[str] = fits.sample(changes.paths(), fits.sample_size(self._writer, self._describer))
        read: set[str] = set()
        while True:
            new = [path for path in to_read if path in sample and path not in read]
            self._take(new, fits.variants(self._describer, len(sample)))
            read |= sample
            if self.interrupted or self._writer.kept.images() or len(sample) == changes.found:
                return sample, read
            sample = fits.sample(changes.paths(), 2 * len(sample))

    def complete(self) -> None:
        """Store the local features of photos that have none, if they are wanted."""
        if self._local:
            self.local_features += local.complete(self._writer, self._root, self._workers, self._progress)
            self.interrupted = self._progress.stopping()

    def moved(self, vanished: list[str]) -> int:
        """How many of the vanished files were found elsewhere."""
        images = Counter((self._writer.image_of_file(path) or (None,))[0] for path in vanished)
        return sum(min(count, self.recognised[image]) for image, count in images.items() if image)

    def _take(self, paths: list[str], variants: int | None = None) -> None:
        """Read files; with `variants`, what was prepared is kept for a fit, with so many synthetic views."""
        known = self._writer.find_content
        read = Reader(self._root, self._describer, known, self._turns, variants, self._local)
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
        image = self._writer.add(read.sha256, read.shape, read.descriptor, read.prepared, read.turn)
        if read.local is not None:
            self._writer.local.put(image, read.local)
            self.local_features += 1
        return image
