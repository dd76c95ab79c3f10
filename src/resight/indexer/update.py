"""`index`: the first time, and again to update; every photo is read once and described once."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from resight import images
from resight.describer import Describer, describer_like
from resight.engines import load
from resight.errors import BadImage, BadQuery, DescribedOtherwise
from resight.gallery import Writer
from resight.gallery.changes import Changes
from resight.indexer import fits
from resight.indexer.housekeeping import forget
from resight.indexer.ordered import in_order
from resight.indexer.progress import Progress, Silent, Stopped
from resight.indexer.vanished import refuse_if_unmounted
from resight.indexer.walk import Walk
from resight.processors import processors
from resight.recipe import Recipe
from resight.types import Descriptor, Prepared


@dataclass(frozen=True)
class Report:
    """What one run of `index` did: counts of files, and the folders and files that could not be read."""

    gallery: Path
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
    interrupted: bool = False


@dataclass(frozen=True)
class Outcome:
    """One file, read: its content, and what it was described as unless the gallery has that content."""

    relative: str
    size: int = 0
    mtime_ns: int = 0
    sha256: bytes = b""
    shape: tuple[int, int] = (0, 0)
    known: int | None = None
    prepared: Prepared | None = None
    descriptor: Descriptor | None = None
    failure: str | None = None


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
    progress: Progress | None = None,
) -> Report:
    """Make the gallery of a folder of photos true: new, changed, moved and vanished files are noticed.

    The gallery is `photos/.resight` unless named. What is committed stays, however the run ends. Raises
    TooMuchVanished, with nothing changed, when the folder or more than half of its photos are gone, unless
    `prune` says that this is meant.
    """
    root, progress = Path(photos), progress or Silent()
    folder = Path(gallery) if gallery else root / ".resight"
    workers = workers or processors()
    if not root.is_dir() and not (folder / "catalogue.sqlite").exists():
        raise BadQuery(f"There is no folder {root}.")
    with Writer(folder) as writer:
        describer = _opened(writer, root, recipe, engine, workers, fit_from)
        walk = Walk(root, folder)
        progress.start("Looking through the folder", None)
        changes = writer.changes(walk if root.is_dir() else ())
        to_read, vanished = changes.to_read(retry), changes.vanished(walk.unreadable)
        if not prune:
            refuse_if_unmounted(writer, root, vanished, to_read)
        if root.is_dir() and not _is_root(writer, root):
            writer.move_root(root)
        run = Run(writer, describer, root, workers, progress)
        run.read(to_read, changes)
        moved = 0
        if not run.interrupted:
            moved = run.moved(vanished)
            forget(writer, vanished)
        return Report(
            folder,
            photos=changes.found,
            described=run.described,
            same=run.recognised.total() - moved,
            moved=moved,
            vanished=len(vanished) - moved,
            unchanged=changes.found - len(to_read),
            failed=run.failed,
            skipped=walk.skipped,
            unreadable=tuple(walk.unreadable),
            fitted=run.fitted,
            interrupted=run.interrupted,
        )


class Run:
    """One pass over the files to read: the photos of the fit's sample, a fit if one is due, the others."""

    def __init__(
        self, writer: Writer, describer: Describer, root: Path, workers: int, progress: Progress
    ) -> None:
        self._writer, self._describer, self._root = writer, describer, root
        self._workers, self._progress = workers, progress
        self.described, self.failed, self.fitted, self.interrupted = 0, 0, "", False
        self.recognised: Counter[int] = Counter()  # files of each image that was known already

    def read(self, to_read: list[str], changes: Changes) -> None:
        """Read, describe and commit."""
        if to_read:
            self._writer.check(self._describer.fingerprint)
        self._progress.start("Describing", len(to_read))
        if not fits.is_open(self._writer, self._describer):
            return self._take(to_read, keep=False)
        sample, read = self._sample(to_read, changes)
        full = changes.found > len(sample)
        left = [path for path in to_read if path not in read]
        if not self.interrupted and fits.is_due(self._writer, full):
            self._progress.say("Fitting the recipe on the photos themselves.")
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
            self._take(left, keep=False)

    def _sample(self, to_read: list[str], changes: Changes) -> tuple[set[str], set[str]]:
        """Read the sample of the fit; where not one file of it can be described, a larger one."""
        sample: set[str] = fits.sample(changes.paths(), fits.sample_size(self._writer, self._describer))
        read: set[str] = set()
        while True:
            self._take([path for path in to_read if path in sample and path not in read], keep=True)
            read |= sample
            if self.interrupted or self._writer.kept_images() or len(sample) == changes.found:
                return sample, read
            sample = fits.sample(changes.paths(), 2 * len(sample))

    def moved(self, vanished: list[str]) -> int:
        """How many of the vanished files were found elsewhere."""
        images = Counter((self._writer.image_of_file(path) or (None,))[0] for path in vanished)
        return sum(min(count, self.recognised[image]) for image, count in images.items() if image)

    def _take(self, paths: list[str], keep: bool) -> None:
        ready = self._describer.is_fitted

        def one(path: str) -> Outcome:
            return _outcome(path, self._root, self._describer, self._writer.find_content, keep, ready)

        for outcome in in_order(one, paths, self._workers, self._progress.stopping):
            self._record(outcome)
            self._progress.step(self.failed)
            self._writer.commit_if_due()
        self._writer.commit()
        self.interrupted = self._progress.stopping()

    def _record(self, outcome: Outcome) -> None:
        image = None
        if outcome.failure is None:
            image = self._writer.find_content(outcome.sha256)
            if image is None:
                self.described += 1
                image = self._writer.add(outcome.sha256, outcome.shape, outcome.descriptor, outcome.prepared)
            else:
                self.recognised[image] += 1
        else:
            self.failed += 1
        self._writer.set_file(outcome.relative, outcome.size, outcome.mtime_ns, image, outcome.failure)


def _outcome(
    relative: str,
    root: Path,
    describer: Describer,
    known: Callable[[bytes], int | None],
    keep: bool,
    ready: bool,
) -> Outcome:
    """Read one file, and describe it unless its content is known; what is wrong with it becomes words."""
    path = root / relative
    read = Outcome(relative)
    try:
        status = path.stat()
        read = replace(read, size=status.st_size, mtime_ns=status.st_mtime_ns)
        data = images.content(path)
        read = replace(read, sha256=hashlib.sha256(data).digest())
        if known(read.sha256) is not None:
            return read
        photo = describer.read(data)
        prepared = describer.prepare(photo)
    except BadImage as error:
        return replace(read, failure=str(error))
    except (RuntimeError, MemoryError) as error:  # a photo too small for a network's layers, or too large
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        return replace(read, failure=f"the network cannot describe it: {first[:200]}")
    except OSError as error:  # not the photo's fault, so it is tried again next time: no time of change fits
        return replace(read, mtime_ns=-1, failure=f"cannot be read: {error.strerror}")
    return replace(
        read,
        shape=(photo.width, photo.height),
        prepared=prepared if keep else None,
        descriptor=describer.finish(prepared) if ready else None,
    )


def _opened(
    writer: Writer,
    root: Path,
    recipe: Recipe | None,
    engine: str,
    workers: int,
    fit_from: Path | str | None,
) -> Describer:
    """The gallery's own describer; a new gallery is begun, an old one compared with what is asked for."""
    if writer.fact("root") is None:
        recipe = recipe or Recipe.load("default")
        begun = Describer(recipe, engine=lambda: load(recipe.backbone, engine, workers))
        writer.begin(root, recipe, begun.engine.weights)
        if fit_from:
            fits.borrow(writer, fit_from)
        return begun.with_parameters(*writer.parameters())
    if recipe and recipe.sentence() != writer.recipe.sentence():
        raise DescribedOtherwise(
            f"The gallery {writer.folder} was made with the recipe '{writer.recipe.name}': "
            "leave --recipe out, or make another gallery with --gallery."
        )
    if not _is_root(writer, root) and (writer.root.exists() or not root.exists()):
        raise BadQuery(
            f"The gallery {writer.folder} is of the folder {writer.root}, not of {root}: "
            "index that one, or make another gallery with --gallery."
        )
    if fit_from:
        fits.borrow(writer, fit_from)
    return describer_like(writer, engine, workers)


def _is_root(writer: Writer, root: Path) -> bool:
    if root.exists() and writer.root.exists():
        return writer.root.samefile(root)
    return writer.root.resolve() == root.resolve()
