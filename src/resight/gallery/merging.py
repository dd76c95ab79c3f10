"""Takes the photos of another gallery of the same descriptors into one, as they are: nothing is described."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from resight.errors import GalleryError
from resight.gallery.changes import REMOVED
from resight.gallery.check import damaged, damaged_local
from resight.gallery.records import StoredFile
from resight.gallery.snapshot import Snapshot
from resight.gallery.writer import Writer
from resight.types import Descriptor

Kind = Literal["taken", "same", "failed", "kept"]


@dataclass(frozen=True)
class Taken:
    """What became of one file: its image was `taken`, or was there (`same`); it `failed`; or was `kept`.

    `local`: its local features were taken, too. `warnings`: those of an image that was taken.
    """

    kind: Kind
    local: bool = False
    warnings: Counter[str] = field(default_factory=Counter)


def refuse_damaged(other: Snapshot) -> None:
    """Raise GalleryError where bytes of a gallery are not what was written."""
    for finding in itertools.chain(damaged(other), damaged_local(other)):
        raise GalleryError(
            f"{other.folder} is damaged, so nothing of it was taken ({finding.what}): describe it again."
        )


def take_files(writer: Writer, other: Snapshot) -> Iterator[Taken]:
    """Take in file after file of a gallery of the same fingerprint; the caller commits.

    Doing it again does nothing. A file that the gallery holds in another state becomes as the other has it:
    what is then out of date, the next `index` finds.
    """
    for relative, _, _ in other.catalogue.files():
        theirs, ours = other.catalogue.file(relative), writer.catalogue.file(relative)
        if theirs is None or (ours and _stays(writer, ours, other, theirs)):
            yield Taken("kept")
            continue
        image, taken = None, Taken("failed")
        if theirs.image is not None:
            image, taken = _take_image(writer, other, theirs.image)
        writer.set_file(relative, theirs.size, theirs.mtime_ns, image, theirs.failure)
        yield taken


def _stays(writer: Writer, ours: StoredFile, other: Snapshot, theirs: StoredFile) -> bool:
    """Whether a file stays as the gallery has it: it is the same one, and no better is known of it."""
    if ours.state != theirs.state:
        return False
    if theirs.image is None or ours.image is None:
        return theirs.image is None or ours.failure == REMOVED
    one, two = writer.catalogue.image(ours.image), other.catalogue.image(theirs.image)
    return (one.sha256, one.turn) == (two.sha256, two.turn)


def _take_image(writer: Writer, other: Snapshot, number: int) -> tuple[int, Taken]:
    image = other.catalogue.image(number)
    known = writer.find_content(image.sha256, image.turn)
    if known is not None:
        return known, Taken("same")
    rows, warnings = other.rows.of(number), other.warnings.of(number)
    vectors = other.vectors[rows.first : rows.first + rows.count]
    taken = writer.add(
        image.sha256, (image.width, image.height), Descriptor(vectors, rows.regions, other.fingerprint), None,
        image.turn, warnings,
    )  # fmt: skip
    features = other.local_features.of(number) if writer.committed.local_features.usable else None
    if features is not None:
        writer.local.put(taken, features)
    return taken, Taken("taken", features is not None, Counter(warnings))
