"""When a gallery's recipe is fitted, on which of its photos, and the fit that `index` makes."""

from __future__ import annotations

import hashlib
import heapq
import os
from collections.abc import Iterable
from typing import Any

from resight.describing.describer import Describer
from resight.gallery import Snapshot, Writer, parameters
from resight.indexer.filling import COMMIT_EVERY, filled
from resight.indexer.provenance import fitted
from resight.progress import Progress, Stopped
from resight.types import Prepared

SAMPLE = 2000  # photos; a fit on more hardly changes (docs/decisions/0005-fit.md)
KEPT_BYTES = 2 << 30  # of feature maps; fewer photos are the sample of a pooling that must be fitted itself
VARIANTS = 2000  # synthetic views of all photos of a sample together, where a fit asks for them
ENOUGH_VARIANTS, MOST_VARIANTS = 4, 8  # of one photo; the more only where there are few photos
GROWTH = 1.5
FEW = 100  # photos; below, PCA-whitening on them may do harm (results/small_galleries.csv)


def sample_size(writer: Writer, describer: Describer, most: int = SAMPLE) -> int:
    """How many photos a recipe is fitted on: `most`, or fewer where feature maps of so many are large."""
    each = writer.catalogue.fact("photo_bytes")
    if each is None:  # known from now on: the network need not run for it again
        each = describer.bytes_kept(MOST_VARIANTS)
        writer.remember("photo_bytes", each)
    return min(most, max(1, KEPT_BYTES // each)) if each else most


def variants(describer: Describer, photos: int) -> int:
    """How many synthetic views each photo of a sample of so many has: the fewer photos, the more views."""
    if not describer.asks_for_variants:
        return 0
    most = MOST_VARIANTS if photos < FEW else ENOUGH_VARIANTS
    return max(1, min(most, VARIANTS // max(1, photos)))


def sample(paths: Iterable[str], count: int) -> set[str]:
    """The paths with the smallest hashes: a sample that hardly changes while photos come and go."""
    return set(heapq.nsmallest(count, paths, key=lambda path: hashlib.sha256(os.fsencode(path)).digest()))


def is_open(writer: Writer, describer: Describer) -> bool:
    """Whether `index` may still fit this gallery: until its sample is full, or a fit was borrowed.

    Nor may it where a photo would have to pass the network again.
    """
    return may_change(writer.committed, describer)


def may_change(gallery: Snapshot, describer: Describer) -> bool:
    """Whether a later `index` may still fit the gallery of a snapshot."""
    current = gallery.generation
    if not describer.fitted_steps or (current and current.provenance.get("frozen")):
        return False
    return current is None or gallery.fit_sample.holds_all()


def is_due(writer: Writer, full: bool) -> bool:
    """Whether a fit is due: the first, after growth by half, and the last when the sample is full.

    Not while a `fit` that was begun waits to be ended: it would be given up unasked.
    """
    if writer.committed.generation and writer.generations.unfinished("fit"):
        return False
    now, then = len(writer.committed.fit_sample.images()), _provenance(writer).get("photos", 0)
    return now > 0 and (full or now >= GROWTH * then)


def refit(
    writer: Writer, describer: Describer, wanted: set[str], full: bool, progress: Progress
) -> Describer:
    """Fit on the kept photos of the sample, and describe all kept ones anew; searches see all or nothing.

    Raises Stopped, with nothing changed.
    """
    sample = writer.committed.fit_sample
    kept = sample.images()
    chosen = [image for image in kept if any(path in wanted for path in writer.catalogue.files_of(image))]
    found, provenance, behind = fitted(writer, describer, chosen or kept, full, progress)
    name = writer.generations.save_parameters(found, behind)
    number = writer.generations.start("refit", name, provenance)
    describer = describer.with_parameters(found, parameters.identity(name))
    progress.start("Applying the fit", len(kept))

    def put(photo: tuple[int, Prepared]) -> None:
        writer.generations.put(number, photo[0], describer.finish(photo[1]))

    if not filled(writer, sample.prepared(kept), put, progress, COMMIT_EVERY):
        writer.generations.abandon(number)
        raise Stopped
    writer.generations.switch(number)
    return describer


def caution(writer: Writer, describer: Describer) -> str:
    """A warning for a fit on so few photos that it may hide what they share; else nothing."""
    photos = _provenance(writer).get("photos", FEW)
    if photos >= FEW or not any(step.method.hides for step in describer.fitted_steps):
        return ""
    if photos < writer.catalogue.count()["images"]:
        return (
            f"The recipe was fitted on {photos} photos alone, since its feature maps are large: "
            "smaller sizes or fewer layers make the sample larger."
        )
    return (
        f"A fit on {photos} photos can hide what they share: for a folder that stays small, the recipe "
        "default is safe, and `resight fit --fit-from` borrows the fit of a larger gallery."
    )


def _provenance(writer: Writer) -> dict[str, Any]:
    current = writer.committed.generation
    return current.provenance if current else {}
