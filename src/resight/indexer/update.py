"""`index`: the first time, and again to update; every photo is read once and described once."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from resight import images
from resight.describer import Describer, describer_like
from resight.engines import load
from resight.errors import BadImage, BadQuery, DescribedOtherwise, TooMuchVanished
from resight.gallery import Writer
from resight.gallery.changes import Changes
from resight.indexer import fits
from resight.indexer.ordered import in_order, processors
from resight.indexer.progress import Progress, Silent
from resight.indexer.walk import Walk
from resight.recipe import Recipe
from resight.types import Descriptor, Pooled

COMMIT_EVERY = 2.0  # seconds of work that a kill can cost


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
    pooled: Pooled | None = None
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
            _refuse_if_unmounted(writer, root, changes.known, vanished, to_read)
        run = Run(writer, describer, root, workers, progress)
        run.read(to_read, changes)
        moved = 0
        if not run.interrupted:
            moved = sum((writer.image_of_file(path) or (None,))[0] in run.recognised for path in vanished)
            for path in vanished:
                writer.forget_file(path)
            writer.drop_orphans()
        return Report(
            folder,
            photos=changes.found,
            described=run.described,
            same=len(run.recognised) - moved,
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
        self.recognised: set[int] = set()

    def read(self, to_read: list[str], changes: Changes) -> None:
        """Read, describe and commit."""
        self._progress.start("Describing", len(to_read))
        if not fits.is_open(self._writer, self._describer):
            return self._take(to_read, keep=False)
        sample = fits.sample(changes.paths())
        self._take([path for path in to_read if path in sample], keep=True)
        if not self.interrupted and fits.is_due(self._writer, full=changes.found > len(sample)):
            self._progress.say("Fitting the recipe on the photos themselves.")
            self._describer = fits.refit(self._writer, self._describer, sample, changes.found > len(sample))
            self.fitted = self._writer.fit
        if not self.interrupted:
            self._take([path for path in to_read if path not in sample], keep=False)

    def _take(self, paths: list[str], keep: bool) -> None:
        committed = time.monotonic()
        ready = not any(step.name not in self._describer.parameters for step in self._describer.fitted_steps)

        def one(path: str) -> Outcome:
            return _outcome(path, self._root, self._describer, self._writer.find_content, keep, ready)

        for outcome in in_order(one, paths, self._workers, self._progress.stopping):
            self._record(outcome)
            self._progress.step(self.failed)
            if time.monotonic() - committed > COMMIT_EVERY:
                self._writer.commit()
                committed = time.monotonic()
        self._writer.commit()
        self.interrupted = self._progress.stopping()

    def _record(self, outcome: Outcome) -> None:
        image = None
        if outcome.failure is None:
            image = self._writer.find_content(outcome.sha256)
            if image is None:
                self.described += 1
                image = self._writer.add(outcome.sha256, outcome.shape, outcome.descriptor, outcome.pooled)
            else:
                self.recognised.add(image)
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
        photo = images.read(data)
        pooled = describer.pool(photo)
    except BadImage as error:
        return replace(read, failure=str(error))
    except OSError as error:  # not the photo's fault, so it is tried again next time: no time of change fits
        return replace(read, mtime_ns=-1, failure=f"cannot be read: {error.strerror}")
    return replace(
        read,
        shape=(photo.width, photo.height),
        pooled=pooled if keep else None,
        descriptor=describer.finish(pooled) if ready else None,
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
    if fit_from:
        raise BadQuery("This gallery has its own fit already: `resight fit --fit-from` gives it another.")
    if recipe and recipe.sentence() != writer.recipe.sentence():
        raise DescribedOtherwise(
            f"The gallery {writer.folder} was made with the recipe '{writer.recipe.name}': "
            "leave --recipe out, or make another gallery with --gallery."
        )
    if not (writer.root.exists() and root.exists() and writer.root.samefile(root)):
        if writer.root.exists() or not root.exists():
            raise BadQuery(
                f"The gallery {writer.folder} is of the folder {writer.root}, not of {root}: "
                "index that one, or make another gallery with --gallery."
            )
        writer.move_root(root)
    return describer_like(writer, engine, workers)


def _refuse_if_unmounted(
    writer: Writer, root: Path, known: int, vanished: list[str], to_read: list[str]
) -> None:
    """More than half of the photos gone, and not to be found elsewhere in the folder: likelier a drive."""
    if 2 * len(vanished) <= known:
        return
    wanted = {}
    for path in vanished:
        image, size, _ = writer.image_of_file(path) or (None, 0, 0)
        if image:
            wanted[writer.image(image).sha256] = size
    sizes, found = set(wanted.values()), set()
    for path in to_read:
        if (root / path).stat().st_size in sizes:
            found.add(hashlib.sha256(images.content(root / path)).digest())
    gone = len(vanished) - len(found & wanted.keys())
    if 2 * gone > known:
        raise TooMuchVanished(
            f"{gone} of {known} files are gone from {root}, so nothing was changed: "
            "mount the drive, or say --prune if they are gone for good."
        )
