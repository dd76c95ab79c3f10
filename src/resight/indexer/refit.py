"""`fit`: a gallery fitted anew, which may take longer than one sitting."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from resight.describing.describer import Describer
from resight.engines import load
from resight.errors import NotFitted, TooMuchVanished
from resight.gallery import Writer
from resight.gallery.records import StoredImage
from resight.gallery.reread import reread
from resight.indexer.fits import BATCH, sample, sample_size, variants
from resight.indexer.opening import is_folder
from resight.indexer.provenance import Fit, borrowed, fitted
from resight.processors import processors
from resight.progress import Progress, Silent, Stopped
from resight.types import Prepared
from resight.workers.threads import in_order


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
        writer.committed.check_pixels()
        recipe = (
            writer.committed.recipe
        )  # without the old parameters: a gallery whose own are damaged is fitted anew
        describer = Describer(recipe, engine=partial(load, name=engine, workers=workers))
        if not describer.fitted_steps:
            raise NotFitted(f"The recipe '{recipe.name}' has nothing to fit.")
        work = Refit(writer, describer, workers, progress)
        begun = writer.generations.unfinished("fit")
        if begun and not fit_from:
            progress.say("Going on with the fit that was begun.")
            number: int | None = begun.number
        else:
            if begun:
                writer.generations.abandon(begun.number)
            number = work.begin(fit_from)
        return writer.committed.fit if number and work.finish(number) else None


class Refit:
    """A fit of a whole gallery: begun once, then finished in as many runs as it takes."""

    def __init__(self, writer: Writer, describer: Describer, workers: int, progress: Progress) -> None:
        self._writer, self._describer = writer, describer
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
        for done, (image, prepared) in enumerate(
            writer.committed.fit_sample.prepared([one for one in waiting if one in kept]), 1
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
        count = sample_size(writer, self._describer)
        images = (writer.catalogue.image_of(path) for path in sample(paths, count))
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
        writer.commit()
        if self._progress.stopping():
            raise Stopped
        self._refuse_if_unmounted(lost, len(chosen))
        kept = set(writer.committed.fit_sample.images())
        known = [image for image in chosen if image in kept]
        return fitted(writer, self._describer, known, len(paths) > count, self._progress)

    def _refuse_if_unmounted(self, lost: int, of: int) -> None:
        root = self._writer.catalogue.root
        if 2 * lost > of or (lost and not is_folder(root)):
            raise TooMuchVanished(
                f"{lost} of {of} photos cannot be read again in {root}, so the old fit stays: "
                "mount the drive and run `resight fit` again, or first `resight index` if they are gone."
            )

    def _read(self, wanted: list[int], views: int = 0) -> Iterator[tuple[int, Prepared | None]]:
        """Photos of the gallery, and so many synthetic views of each, through the network again.

        None for one that is gone or changed.
        """
        root, limit = self._writer.catalogue.root, self._writer.catalogue.pixel_limit
        describer = self._describer

        def one(image: StoredImage) -> tuple[int, Prepared | None]:
            def prepare(data: bytes) -> Prepared:
                photo = describer.read(data, image.turn, limit)
                return describer.prepare(photo, variants=views, seed=tuple(image.sha256))

            return image.id, reread(root, image, prepare)

        for image, prepared in in_order(
            one, map(self._writer.catalogue.image, wanted), self._workers, self._progress.stopping
        ):
            yield image, prepared
            self._progress.step()
            self._writer.commit_if_due()
