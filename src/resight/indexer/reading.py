"""The stages of `index` that read photos: the sample of a fit, the fit, the others; each gives its counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from resight.errors import PhotosUnreachable
from resight.gallery import Writer
from resight.indexer import fits
from resight.indexer.counts import Counts
from resight.indexer.outcome import Outcome, Reader
from resight.indexer.planning import Plan
from resight.progress import Progress, Stopped
from resight.workers.batches import in_order_or_batches

Others = Callable[[Writer, Reader, Sequence[str], int, Progress, int], Counts]
"""Describes files as `read_files` does, which has the same arguments."""


def read_photos(
    writer: Writer, reader: Reader, plan: Plan, workers: int, progress: Progress, others: Others
) -> Counts:
    """Read, describe and commit the files of a plan; with a fit between, where one is due.

    `others` describes what is none of a fit's sample.
    """
    if plan.to_read:
        writer.committed.check(reader.describer.fingerprint)
        if told := reader.describer.cost:
            progress.say(told)
    progress.start("Describing", len(plan.to_read))
    if not fits.is_open(writer, reader.describer):
        return others(writer, reader, plan.to_read, workers, progress, 0)
    sample, read, counts = read_sample(writer, reader, plan, workers, progress)
    left = [path for path in plan.to_read if path not in read]
    if not counts.interrupted:
        fit, reader = fit_if_due(writer, reader, sample, plan, len(left), progress)
        counts += fit
    if not counts.interrupted:
        counts += others(writer, reader, left, workers, progress, counts.failed)
    return counts


def read_sample(
    writer: Writer, reader: Reader, plan: Plan, workers: int, progress: Progress
) -> tuple[set[str], set[str], Counts]:
    """Read the sample of the fit; where not one file of it can be described, a larger one.

    Gives the paths of the sample, and those that were looked at.
    """
    paths, describer, counts = plan.changes.paths, reader.describer, Counts()
    sample: set[str] = fits.sample(paths(), fits.sample_size(writer, describer, plan.sample))
    read: set[str] = set()
    while True:
        new = [path for path in plan.to_read if path in sample and path not in read]
        views = fits.variants(describer, len(sample))
        if views and new:
            told = f"{views} synthetic views of each of {len(new)} photos"
            progress.say(f"The fit looks at {told}, beside themselves.")
        counts += read_files(writer, replace(reader, variants=views), new, workers, progress, counts.failed)
        read |= sample
        if counts.interrupted or writer.committed.fit_sample.images() or len(sample) == plan.changes.found:
            return sample, read, counts
        sample = fits.sample(paths(), 2 * len(sample))


def fit_if_due(
    writer: Writer, reader: Reader, sample: set[str], plan: Plan, left: int, progress: Progress
) -> tuple[Counts, Reader]:
    """Fit on what was read of the sample, if that is due; the reader then describes with the new fit."""
    full = plan.changes.found > len(sample)
    if not fits.is_due(writer, full):
        return Counts(), reader
    name, photos = writer.committed.recipe.name, len(writer.committed.fit_sample.images())
    progress.say(f"Fitting the recipe '{name}' on {photos} of these photos.")
    try:
        describer = fits.refit(writer, reader.describer, sample, full, progress)
    except Stopped:
        return Counts(interrupted=True), reader
    progress.start("Describing", left)
    if caution := fits.caution(writer, describer):
        progress.say(caution)
    return Counts(fitted=writer.committed.fit), replace(reader, describer=describer)


def read_files(
    writer: Writer, reader: Reader, paths: Sequence[str], workers: int, progress: Progress, failed: int = 0
) -> Counts:
    """Read files, and commit what they came to as it comes; so many have `failed` in the stage before."""
    numbers, recognised, warnings = Counter[str](), Counter[int](), Counter[str]()
    try:
        for outcome in _outcomes(reader, paths, workers, progress.stopping):
            one = recorded(writer, outcome)
            numbers.update(described=one.described, failed=one.failed, local_features=one.local_features)
            recognised.update(one.recognised)
            warnings.update(one.warnings)
            progress.step(failed + numbers["failed"])
            writer.commit_if_due()
    except PhotosUnreachable:  # what was described stays
        writer.commit()
        raise
    writer.commit()
    return Counts(
        numbers["described"], numbers["failed"], numbers["local_features"],
        recognised, warnings, interrupted=progress.stopping(),
    )  # fmt: skip


def leave_files(
    writer: Writer, reader: Reader, paths: Sequence[str], workers: int, progress: Progress, failed: int = 0
) -> Counts:
    """Describe none: shards will."""
    return Counts(left=len(paths))


def recorded(writer: Writer, outcome: Outcome) -> Counts:
    """Write down one outcome: a file, and its image unless the gallery has that content."""
    file, content = outcome
    image, counts = None, Counts(failed=1)
    if file.failure is None:
        image = writer.find_content(content.sha256, content.turn)
        counts = Counts(recognised=Counter([image] if image is not None else []))
        if image is None:
            image = writer.add(
                content.sha256, content.shape, content.descriptor, content.prepared, content.turn,
                content.warnings,
            )  # fmt: skip
            counts = Counts(described=1, warnings=Counter(content.warnings))
            if content.local is not None:
                writer.local.put(image, content.local)
                counts += Counts(local_features=1)
    writer.set_file(file.relative, file.size, file.mtime_ns, image, file.failure)
    return counts


def _outcomes(
    reader: Reader, paths: Sequence[str], workers: int, stopping: Callable[[], bool]
) -> Iterator[Outcome]:
    """A photo a thread; or in batches of one shape, where an engine says that it takes several at once."""
    networks = reader.describer.networks
    return in_order_or_batches(
        reader, reader.decode, reader.describe, reader.coming(paths),
        batch=lambda: networks.batch, workers=workers, stopping=stopping,
    )  # fmt: skip
