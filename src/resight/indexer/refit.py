"""`fit`: a gallery fitted anew, which may take longer than one sitting."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from resight.describing.describer import Describer
from resight.engines import load
from resight.errors import NotFitted, TooMuchVanished
from resight.gallery import Writer
from resight.indexer.again import Again, prepared_again
from resight.indexer.filling import COMMIT_EVERY, filled
from resight.indexer.fits import SAMPLE, sample_size, variants
from resight.indexer.fits import sample as smallest
from resight.indexer.noise import keep_noise
from resight.indexer.provenance import Fit, borrowed, fitted
from resight.indexer.store import keep_index
from resight.processors import processors
from resight.progress import Progress, Silent, Stopped


def fit(
    gallery: Path | str,
    fit_from: Path | str | None = None,
    *,
    engine: str = "auto",
    workers: int | None = None,
    batch: int | None = None,
    sample: int = SAMPLE,
    progress: Progress | None = None,
) -> str | None:
    """Fit a gallery anew, on `sample` of its photos at most, and describe all of them with it.

    What was done is kept, and a rerun goes on.

    Searches see the old fit until the new one is complete. Returns what was fitted, in a sentence; None if
    it was stopped before the end.
    """
    progress, workers = progress or Silent(), workers or processors()
    with Writer(gallery, must_exist=True) as writer:
        writer.committed.check_pixels()
        # The parameters are left out: a gallery whose own are damaged is fitted anew.
        recipe = writer.committed.recipe
        describer = Describer(recipe, engine=partial(load, name=engine, workers=workers, batch=batch or 0))
        if not describer.fitted_steps:
            raise NotFitted(f"The recipe '{recipe.name}' has nothing to fit.")
        work = Refit(writer, describer, workers, progress, sample)
        begun = writer.generations.unfinished("fit")
        if begun and not fit_from:
            progress.say("Going on with the fit that was begun.")
            number: int | None = begun.number
        else:
            if begun:
                writer.generations.abandon(begun.number)
            number = work.begin(fit_from)
        if not number or not work.finish(number):
            return None
        keep_noise(writer, describer, workers, progress)
        fitted = writer.committed.fit
    keep_index(Path(gallery), progress)
    return fitted


class Refit:
    """A fit of a whole gallery: begun once, then finished in as many runs as it takes."""

    def __init__(
        self, writer: Writer, describer: Describer, workers: int, progress: Progress, sample: int
    ) -> None:
        self._writer, self._describer, self._sample = writer, describer, sample
        self._workers, self._progress = workers, progress

    def begin(self, fit_from: Path | str | None) -> int | None:
        """Find the parameters and begin a generation with them; None if stopped."""
        generations = self._writer.generations
        try:
            found, provenance, behind = borrowed(self._writer, fit_from) if fit_from else self._fitted()
        except Stopped:
            return None
        number = generations.start("fit", generations.save_parameters(found, behind), provenance)
        self._writer.commit()
        return number

    def finish(self, number: int) -> bool:
        """Describe what the generation still lacks, and make it the current one; false if stopped."""
        writer = self._writer
        describer = self._describer.with_parameters(*writer.committed.parameters(number))
        waiting, kept = writer.generations.waiting(number), set(writer.committed.fit_sample.images())
        self._progress.start("Describing anew", len(waiting))
        lost: list[int] = []

        def put(photo: Again) -> None:
            image, prepared = photo
            if prepared:
                writer.generations.put(number, image, describer.finish(prepared))
            else:
                lost.append(image)

        known = writer.committed.fit_sample.prepared([image for image in waiting if image in kept])
        again = self._read([image for image in waiting if image not in kept])
        every = itertools.chain(known, again)
        whole = filled(writer, every, put, self._progress, COMMIT_EVERY)
        writer.commit()
        if not whole or self._progress.stopping():
            return False
        self._refuse_if_unmounted(len(lost), writer.catalogue.count()["images"])
        if lost:
            self._progress.say(
                f"{len(lost)} photos could not be read again: the next `resight index` looks at them."
            )
        for image in lost:  # only now: until here, searches find them by the old fit
            writer.forget_image(image)
        writer.drop_orphans()
        writer.generations.switch(number)
        return True

    def _fitted(self) -> Fit:
        """Fit on the gallery's own sample, reading again those that are not kept; may raise Stopped."""
        writer = self._writer
        paths = [path for path, image, _ in writer.catalogue.files() if image]
        count = sample_size(writer, self._describer, self._sample)
        images = (writer.catalogue.image_of(path) for path in smallest(paths, count))
        chosen = sorted({image for image in images if image})
        writer.fit_sample.only(set(chosen))
        kept = set(writer.committed.fit_sample.images())
        missing = [image for image in chosen if image not in kept]
        self._progress.start("Reading the sample", len(missing))
        lost = 0
        for image, prepared in self._read(missing, variants(self._describer, len(chosen))):
            if prepared:
                writer.fit_sample.put(image, prepared)
            else:
                lost += 1
            self._progress.step()
        writer.commit()
        if self._progress.stopping():
            raise Stopped
        self._refuse_if_unmounted(lost, len(chosen))
        kept = set(writer.committed.fit_sample.images())
        known = [image for image in chosen if image in kept]
        return fitted(writer, self._describer, known, len(paths) > count, self._progress)

    def _refuse_if_unmounted(self, lost: int, of: int) -> None:
        root = self._writer.catalogue.photos
        if 2 * lost > of or (lost and not root.is_there()):
            what = "look at the address" if root.remote else "mount the drive"
            raise TooMuchVanished(
                f"{lost} of {of} photos cannot be read again in {root}, so the old fit stays: "
                f"{what} and run `resight fit` again, or first `resight index` if they are gone."
            )

    def _read(self, wanted: list[int], views: int | None = None) -> Iterator[Again]:
        """Photos of the gallery, and so many synthetic views of each, through the network again.

        None for one that is gone or changed.
        """
        reading = prepared_again(
            self._writer, self._describer, wanted, views, self._workers, self._progress.stopping
        )
        for again in reading:
            yield again
            self._writer.commit_if_due()
