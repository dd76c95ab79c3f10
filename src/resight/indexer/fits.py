"""When a gallery's recipe is fitted, on which of its photos, and how it is fitted anew."""

from __future__ import annotations

import hashlib
import heapq
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from resight import fitter
from resight.describer import Describer
from resight.engines import load
from resight.errors import BadQuery, DescribedOtherwise, NotFitted, TooMuchVanished
from resight.gallery import Gallery, Writer, parameters
from resight.gallery.stored import StoredImage
from resight.indexer.again import read_again
from resight.indexer.ordered import in_order
from resight.indexer.progress import Progress, Silent, Stopped
from resight.methods import Parameters
from resight.processors import processors
from resight.types import Prepared

SAMPLE = 2000  # photos; a fit on more hardly changes (docs/decisions/0005-fit.md)
KEPT_BYTES = 2 << 30  # of feature maps; fewer photos are the sample of a pooling that must be fitted itself
GROWTH = 1.5
FEW = 100  # photos; below, whitening on them may do harm (results/small_galleries.csv)
BATCH = 10_000  # images described anew between two commits, so that memory stays flat


def sample_size(writer: Writer, describer: Describer) -> int:
    """How many photos a recipe is fitted on at most."""
    each = writer.fact("photo_bytes")
    if each is None:  # known from now on: the network need not run for it again
        each = describer.bytes_kept()
        writer.remember("photo_bytes", each)
    return min(SAMPLE, max(1, KEPT_BYTES // each)) if each else SAMPLE


def sample(paths: Iterable[str], count: int) -> set[str]:
    """The paths with the smallest hashes: a sample that hardly changes while photos come and go."""
    return set(heapq.nsmallest(count, paths, key=lambda path: hashlib.sha256(os.fsencode(path)).digest()))


def is_open(writer: Writer, describer: Describer) -> bool:
    """Whether `index` may still fit this gallery: until its sample is full, or a fit was borrowed.

    Nor may it where a photo would have to pass the network again.
    """
    if not describer.fitted_steps or _provenance(writer).get("frozen"):
        return False
    return writer.live is None or writer.kept.holds_all()


def is_due(writer: Writer, full: bool) -> bool:
    """Whether a fit is due: the first, after growth by half, and the last when the sample is full.

    Not while a `fit` that was begun waits to be ended: it would be given up unasked.
    """
    if writer.live and writer.generations.unfinished("fit"):
        return False
    now, then = len(writer.kept.images()), _provenance(writer).get("photos", 0)
    return now > 0 and (full or now >= GROWTH * then)


def refit(
    writer: Writer, describer: Describer, wanted: set[str], full: bool, progress: Progress
) -> Describer:
    """Fit on the kept photos of the sample, and describe all kept ones anew; searches see all or nothing.

    Raises Stopped, with nothing changed.
    """
    kept = writer.kept.images()
    chosen = [image for image in kept if any(path in wanted for path in writer.files_of(image))]
    found, provenance, behind = _fitted(writer, describer, chosen or kept, full, progress)
    name = writer.generations.save_parameters(found, behind)
    number = writer.generations.start("refit", name, provenance)
    describer = describer.with_parameters(found, parameters.identity(name))
    for done, (image, prepared) in enumerate(writer.kept.prepared(kept), 1):
        writer.generations.put(number, image, describer.finish(prepared))
        if done % BATCH == 0:
            writer.commit()
        if progress.stopping():
            writer.generations.abandon(number)
            raise Stopped
    writer.generations.switch(number)
    return describer


def caution(writer: Writer) -> str:
    """A warning for a fit on so few photos that it may hide what they share; else nothing."""
    photos = _provenance(writer).get("photos", FEW)
    if photos >= FEW:
        return ""
    if photos < writer.count()["images"]:
        return (
            f"The recipe was fitted on {photos} photos alone, since its feature maps are large: "
            "smaller sizes or fewer layers make the sample larger."
        )
    return (
        f"A fit on {photos} photos can hide what they share: for a folder that stays small, "
        "`--recipe rmac-lite0` fits nothing, and `--fit-from` borrows the fit of a larger gallery."
    )


def borrow(writer: Writer, source: Path | str) -> None:
    """Take another gallery's fit as the first of this one; nothing to do if it has that very fit."""
    found, provenance, behind = _borrowed(writer, source)
    if writer.live is None and not writer.count()["images"]:
        writer.generations.switch(
            writer.generations.start("index", writer.generations.save_parameters(found, behind), provenance)
        )
    elif writer.live is None or writer.live.parameters != writer.generations.save_parameters(found):
        raise BadQuery(
            "This gallery has another fit, or photos that wait for one: `resight fit --fit-from` changes it."
        )


def fit(
    gallery: Path | str,
    fit_from: Path | str | None = None,
    *,
    engine: str = "auto",
    workers: int | None = None,
    progress: Progress | None = None,
) -> str | None:
    """Fit a gallery anew and describe all its photos with it; what was done is kept, and a rerun goes on.

    Searches see the old fit until the new one is complete. Returns what was fitted, in a sentence; None if
    it was stopped before the end.
    """
    progress, workers = progress or Silent(), workers or processors()
    with Writer(gallery, must_exist=True) as writer:
        recipe = writer.recipe  # without the old parameters: a gallery whose own are damaged is fitted anew
        describer = Describer(recipe, engine=lambda: load(recipe.backbone, engine, workers or 1))
        if not describer.fitted_steps:
            raise NotFitted(f"The recipe '{writer.recipe.name}' has nothing to fit.")
        work = Refit(writer, describer, workers, progress)
        begun = writer.generations.unfinished("fit")
        if begun and not fit_from:
            progress.say("Going on with the fit that was begun.")
            number: int | None = begun.number
        else:
            if begun:
                writer.generations.abandon(begun.number)
            number = work.begin(fit_from)
        return writer.fit if number and work.finish(number) else None


class Refit:
    """A fit of a whole gallery, which may take longer than one sitting."""

    def __init__(self, writer: Writer, describer: Describer, workers: int, progress: Progress) -> None:
        self._writer, self._describer = writer, describer
        self._workers, self._progress = workers, progress

    def begin(self, fit_from: Path | str | None) -> int | None:
        """Find the parameters and begin a generation with them; None if stopped."""
        writer = self._writer
        if fit_from:
            found, provenance, behind = _borrowed(writer, fit_from)
        else:
            paths = [path for path, image, _ in writer.files() if image]
            count = sample_size(writer, self._describer)
            rows = (writer.image_of_file(path) for path in sample(paths, count))
            chosen = sorted({row[0] for row in rows if row and row[0]})
            writer.keeper.only(set(chosen))
            kept = set(writer.kept.images())
            missing = [image for image in chosen if image not in kept]
            self._progress.start("Reading the sample", len(missing))
            lost = 0
            for image, prepared in self._read(missing):
                if prepared:
                    writer.keeper.put(image, prepared)
                else:
                    lost += 1
            writer.commit()
            if self._progress.stopping():
                return None
            self._refuse_if_unmounted(lost, len(chosen))
            kept = set(writer.kept.images())
            known = [image for image in chosen if image in kept]
            try:
                found, provenance, behind = _fitted(
                    writer, self._describer, known, len(paths) > count, self._progress
                )
            except Stopped:
                return None
        number = writer.generations.start(
            "fit", writer.generations.save_parameters(found, behind), provenance
        )
        writer.commit()
        return number

    def finish(self, number: int) -> bool:
        """Describe what the generation still lacks, and make it the live one; false if stopped."""
        writer = self._writer
        describer = self._describer.with_parameters(*writer.parameters(number))
        waiting, kept = writer.generations.waiting(number), set(writer.kept.images())
        self._progress.start("Describing anew", len(waiting))
        for done, (image, prepared) in enumerate(
            writer.kept.prepared([one for one in waiting if one in kept]), 1
        ):
            writer.generations.put(number, image, describer.finish(prepared))
            self._progress.step()
            if done % BATCH == 0:
                writer.commit()
        lost = []
        for image, read in self._read([image for image in waiting if image not in kept]):
            if read:
                writer.generations.put(number, image, describer.finish(read))
            else:
                lost.append(image)
        writer.commit()
        if self._progress.stopping():
            return False
        self._refuse_if_unmounted(len(lost), writer.count()["images"])
        if lost:
            self._progress.say(
                f"{len(lost)} photos could not be read again: the next `resight index` looks at them."
            )
        for image in lost:  # only now: until here, searches find them by the old fit
            writer.forget_image(image)
        writer.drop_orphans()
        writer.generations.switch(number)
        return True

    def _refuse_if_unmounted(self, lost: int, of: int) -> None:
        if 2 * lost > of or (lost and not self._writer.root.is_dir()):
            raise TooMuchVanished(
                f"{lost} of {of} photos cannot be read again in {self._writer.root}, so the old fit stays: "
                "mount the drive and run `resight fit` again, or first `resight index` if they are gone."
            )

    def _read(self, wanted: list[int]) -> Iterator[tuple[int, Prepared | None]]:
        """Photos of the gallery through the network again; None for one that is gone or changed."""
        root = self._writer.root
        describer = self._describer

        def one(image: StoredImage) -> tuple[int, Prepared | None]:
            return image.id, read_again(
                root, image, lambda data: describer.prepare(describer.read(data, image.turn))
            )

        for image, prepared in in_order(
            one, map(self._writer.image, wanted), self._workers, self._progress.stopping
        ):
            yield image, prepared
            self._progress.step()
            self._writer.commit_if_due()


def _provenance(gallery: Gallery) -> dict[str, Any]:
    return gallery.live.provenance if gallery.live else {}


Fit = tuple[dict[str, Parameters], dict[str, Any], set[bytes]]
"""Parameters, their provenance, and the SHA-256 of the photos behind them."""


def _fitted(writer: Writer, describer: Describer, chosen: list[int], full: bool, progress: Progress) -> Fit:
    if not chosen:
        raise NotFitted("There is no photo to fit on.")
    progress.start("Fitting", len(chosen) * len(describer.fitted_steps))

    def watched() -> Iterator[Prepared]:
        for _, prepared in writer.kept.prepared(chosen):
            if progress.stopping():
                raise Stopped
            yield prepared
            progress.step()

    found = fitter.fit(describer, watched)
    behind = {writer.image(image).sha256 for image in chosen}
    provenance = {
        "photos": len(chosen),
        "source": "this gallery",
        "labels": False,
        "frozen": full,
        "contents": hashlib.sha256(b"".join(sorted(behind))).hexdigest()[:32],
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return found, provenance, behind


def _borrowed(writer: Writer, source: Path | str) -> Fit:
    with Gallery(source) as other:
        if other.live is None or not other.live.parameters:
            raise NotFitted(f"The gallery {source} has no fit to borrow.")
        same = other.recipe.sentence() == writer.recipe.sentence()
        if not same or other.fact("weights") != writer.fact("weights"):
            raise DescribedOtherwise(
                f"The gallery {source} has another recipe or other weights: fit this one."
            )
        found = parameters.load(other.folder, other.live.parameters)
        provenance = other.live.provenance | {"source": f"the gallery {source}", "frozen": True}
        return found, provenance, other.fitted_on()
