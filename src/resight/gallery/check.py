"""Every row of a gallery against its bytes, and every file against the disk."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from resight.errors import BadImage, GalleryError
from resight.gallery import parameters
from resight.gallery.records import Generation
from resight.gallery.snapshot import Snapshot
from resight.gallery.vectors import checksum
from resight.ranking import Numbers
from resight.roots import Root, State

Kind = Literal["catalogue", "parameters", "vectors", "kept", "local", "file"]
UNIT = 1e-3
AGAIN = "forget the photo, so that the next `resight index` describes it again"


@dataclass(frozen=True)
class Finding:
    """Something that is not as the catalogue says, and what would put it right."""

    kind: Kind
    what: str
    repair: str
    image: int | None = None

    @property
    def damage(self) -> bool:
        """Whether the gallery itself is damaged; a photo that changed meanwhile is no damage."""
        return self.kind != "file"


def verify(gallery: Snapshot, contents: bool = False) -> Iterator[Finding]:
    """What is wrong; nothing is changed. With `contents` the photos are read and hashed again too.

    Of a snapshot that was taken with `damaged`.
    """
    try:
        verdict = gallery.catalogue.verdict()
    except sqlite3.DatabaseError as error:
        verdict = str(error)
    if verdict != "ok":
        yield Finding("catalogue", f"the catalogue is damaged: {verdict}", "index into a new gallery")
        return
    yield from damaged(gallery)
    yield from _fit_sample(gallery)
    yield from damaged_local(gallery)
    yield from _files(gallery, contents)


def damaged(gallery: Snapshot) -> Iterator[Finding]:
    """What is wrong with the descriptors and the fit."""
    current = gallery.generation
    if current is None:
        return
    yield from _parameters(gallery, current)
    yield from _vectors(gallery, current)
    for image, relative in gallery.rows.missing():
        yield Finding("vectors", f"{relative} has no descriptor", AGAIN, image)
    for image in gallery.rows.strangers():
        yield Finding("catalogue", f"rows of image {image}, which is unknown", "run `resight compact`")


def _parameters(gallery: Snapshot, current: Generation) -> Iterator[Finding]:
    if current.parameters:
        try:
            parameters.load(gallery.folder, current.parameters)
        except (OSError, GalleryError):
            yield Finding("parameters", f"{current.parameters} is missing or damaged", "run `resight fit`")


def _vectors(gallery: Snapshot, current: Generation) -> Iterator[Finding]:
    spans = _spans(gallery.deleted)
    for image, first, count, crc in gallery.rows.checksums():
        spans.append((first, count))
        found = gallery.vectors[first : first + count]
        name = f"the descriptor of {_names(gallery, image)}"
        if len(found) < count or checksum(found) != crc:
            yield Finding("vectors", f"{name} is not what was written", AGAIN, image)
        elif not _of_unit_length(found):
            yield Finding("vectors", f"{name} is not of unit length", AGAIN, image)
    yield from _tiling(sorted(spans), current.rows)


def _of_unit_length(rows: NDArray[np.float32]) -> bool:
    """Or of none: so is a photo that is all that the gallery was fitted on."""
    lengths = np.linalg.norm(rows, axis=1)
    return bool(np.all((np.abs(lengths - 1) < UNIT) | (lengths == 0)))


def _spans(rows: Numbers) -> list[tuple[int, int]]:
    """Sorted rows -> first and number of each run of them."""
    runs = np.split(rows, 1 + np.flatnonzero(np.diff(rows) != 1))
    return [(int(run[0]), len(run)) for run in runs if len(run)]


def _tiling(spans: list[tuple[int, int]], rows: int) -> Iterator[Finding]:
    """Every row belongs to one image or is deleted."""
    end = 0
    for first, count in [*spans, (rows, 0)]:
        if first != end:
            yield Finding(
                "catalogue", f"rows {end} to {first} belong to none or to two", "run `resight compact`"
            )
        end = first + count


def _fit_sample(gallery: Snapshot) -> Iterator[Finding]:
    sample = gallery.fit_sample
    try:
        for image in sample.damaged():
            files = ", ".join(gallery.catalogue.files_of(image))
            yield Finding("kept", f"what is kept of {files} is not what was written", AGAIN, image)
    except GalleryError:
        for image in sample.images():
            yield Finding("kept", f"{sample.file.name} is missing or short", AGAIN, image)


def damaged_local(gallery: Snapshot) -> Iterator[Finding]:
    """What is wrong with the stored local features."""
    again = "forget them, so that the next `resight index` stores them again"
    stored = gallery.local_features
    for image, first, count, crc in stored.checksums():
        try:
            whole = checksum(stored.take(first, count)) == crc
        except GalleryError:
            whole = False
        if not whole:
            what = f"the local features of {_names(gallery, image)} are not what was written"
            yield Finding("local", what, again, image)
    for image in stored.strangers():
        yield Finding("local", f"local features of image {image}, which is unknown", again, image)


def _names(gallery: Snapshot, image: int) -> str:
    return ", ".join(gallery.catalogue.files_of(image)) or f"image {image}"


def _files(gallery: Snapshot, contents: bool) -> Iterator[Finding]:
    root, again = gallery.catalogue.photos, "`resight index` brings the gallery up to date"
    look = root.look()
    for relative, image, _ in gallery.catalogue.files():
        if image is None:
            continue
        what = _changed(gallery, look, relative) or (_other(gallery, root, relative) if contents else "")
        if what:
            yield Finding("file", f"{relative} {what}", again, image)


def _changed(gallery: Snapshot, look: Callable[[str], State], relative: str) -> str:
    """What is not as it was when a file was indexed; "" if nothing is."""
    stored = gallery.catalogue.file(relative)
    try:
        state = look(relative)
    except OSError:
        return "is gone"
    return "" if stored is not None and stored.state == state else "has changed"


def _other(gallery: Snapshot, root: Root, relative: str) -> str:
    """That a file's bytes are others, or cannot be read; "" if neither is so."""
    image = gallery.catalogue.image_of(relative)
    try:
        data = root.content(relative)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except BadImage as error:
        return f"cannot be read: {error}"
    same = image and hashlib.sha256(data).digest() == gallery.catalogue.image(image).sha256
    return "" if same else "has other contents than when it was indexed"


def unverifiable(gallery: Snapshot) -> int:
    """How many images have no local features stored, and no file that is as it was, to compute them from."""
    look, there = gallery.catalogue.photos.look(), dict[int, bool]()
    for image, relative, state in gallery.local_features.files_without():
        if not there.get(image):
            there[image] = _is_as_it_was(look, relative, state)
    return sum(not each for each in there.values())


def _is_as_it_was(look: Callable[[str], State], relative: str, state: State) -> bool:
    try:
        return look(relative) == state
    except OSError:
        return False
