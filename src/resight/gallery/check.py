"""Every row of a gallery against its bytes, and every file against the disk."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from resight.errors import GalleryError
from resight.gallery import catalogue, parameters
from resight.gallery.catalogue import storage_errors
from resight.gallery.local import WIDTH
from resight.gallery.packing import packed_length
from resight.gallery.reader import Gallery
from resight.gallery.stored import file_state, kept_name, local_name, vectors_name
from resight.gallery.vectors import checksum, mapped
from resight.gallery.writer import Writer

Kind = Literal["catalogue", "parameters", "vectors", "kept", "local", "file"]
UNIT = 1e-3


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


def verify(gallery: Gallery, contents: bool = False) -> Iterator[Finding]:
    """What is wrong; nothing is changed. With `contents` the photos are read and hashed again too."""
    with gallery.at_rest(damaged=True):
        try:
            (verdict,) = gallery.connection.execute("PRAGMA quick_check").fetchone()
        except sqlite3.DatabaseError as error:
            verdict = str(error)
        if verdict != "ok":
            yield Finding("catalogue", f"the catalogue is damaged: {verdict}", "index into a new gallery")
            return
        yield from _vectors(gallery)
        yield from _kept(gallery)
        yield from _local(gallery)
        yield from _files(gallery, contents)


def damaged(gallery: Gallery) -> Iterator[Finding]:
    """What is wrong with the descriptors and the fit of a gallery at rest."""
    return (finding for finding in _vectors(gallery) if finding.damage)


def repair(writer: Writer, findings: list[Finding]) -> int:
    """Forget what is damaged of images, so that the next `index` makes it again; of how many images."""
    images = {finding.image for finding in findings if finding.image is not None and finding.damage}
    for finding in findings:
        if finding.image is not None and finding.kind == "local":
            writer.local.forget(finding.image)
        elif finding.image is not None and finding.damage:
            writer.forget_image(finding.image)
    writer.drop_orphans()
    _fill_up(writer)
    return len(images)


def _fill_up(gallery: Gallery) -> None:
    """Files that are cut short get their length again, now that the photos concerned are forgotten."""
    lengths = {
        kept_name(int(gallery.fact("kept", 1))): 4 * int(gallery.fact("kept_length", 0)),
        local_name(int(gallery.fact("local", 1))): 4 * WIDTH * int(gallery.fact("local_rows", 0)),
    }
    if gallery.live and gallery.live.width:
        lengths[vectors_name(gallery.live.number)] = 4 * gallery.live.width * gallery.live.rows
    with storage_errors():
        for name, length in lengths.items():
            if length:
                with open(gallery.folder / name, "ab") as file:
                    if file.tell() < length:
                        file.truncate(length)


def _vectors(gallery: Gallery) -> Iterator[Finding]:
    live, again = gallery.live, "forget the photo, so that the next `resight index` describes it again"
    if live is None:
        return
    if live.parameters:
        try:
            parameters.load(gallery.folder, live.parameters)
        except (OSError, GalleryError):
            yield Finding("parameters", f"{live.parameters} is missing or damaged", "run `resight fit`")
    rows = gallery.connection.execute(
        "SELECT image, first_row, rows, crc FROM descriptors WHERE generation = ? ORDER BY first_row",
        (live.number,),
    )
    spans = [(first, count) for first, count in gallery.dead]
    for image, first, count, crc in rows:
        spans.append((first, count))
        found = gallery.vectors[first : first + count]
        name = f"the descriptor of {', '.join(gallery.files_of(image)) or f'image {image}'}"
        if len(found) < count or checksum(found) != crc:
            yield Finding("vectors", f"{name} is not what was written", again, image)
        elif not _of_unit_length(found):
            yield Finding("vectors", f"{name} is not of unit length", again, image)
    yield from _tiling(sorted(spans), live.rows)
    for image, relative in gallery.connection.execute(
        "SELECT image, relative FROM files WHERE image IS NOT NULL AND NOT EXISTS "
        "(SELECT 1 FROM descriptors WHERE descriptors.image = files.image AND generation = ?)",
        (live.number,),
    ):
        yield Finding("vectors", f"{catalogue.from_stored(relative)} has no descriptor", again, image)
    for (image,) in gallery.connection.execute(
        "SELECT image FROM descriptors WHERE image NOT IN (SELECT id FROM images)"
    ):
        yield Finding("catalogue", f"rows of image {image}, which is unknown", "run `resight compact`")


def _of_unit_length(rows: NDArray[np.float32]) -> bool:
    """Or of none: so is a photo that is all that the gallery was fitted on."""
    lengths = np.linalg.norm(rows, axis=1)
    return bool(np.all((np.abs(lengths - 1) < UNIT) | (lengths == 0)))


def _tiling(spans: list[tuple[int, int]], rows: int) -> Iterator[Finding]:
    """Every row belongs to one image or is dead."""
    end = 0
    for first, count in [*spans, (rows, 0)]:
        if first != end:
            yield Finding(
                "catalogue", f"rows {end} to {first} belong to none or to two", "run `resight compact`"
            )
        end = first + count


def _kept(gallery: Gallery) -> Iterator[Finding]:
    rows = gallery.connection.execute(
        "SELECT id, kept_first, kept_crc, kept_shapes FROM images WHERE kept_shapes IS NOT NULL"
    ).fetchall()
    if not rows:
        return
    again = "forget the photo, so that the next `resight index` describes it again"
    name = kept_name(int(gallery.fact("kept", 1)))
    try:
        flat = mapped(gallery.folder / name, 1, int(gallery.fact("kept_length", 0)))
    except GalleryError:
        yield from (Finding("kept", f"{name} is missing or short", again, image) for image, *_ in rows)
        return
    for image, first, crc, shapes in rows:
        length = packed_length(json.loads(shapes))
        if checksum(flat[first : first + length]) != crc:
            files = ", ".join(gallery.files_of(image))
            yield Finding("kept", f"what is kept of {files} is not what was written", again, image)


def _local(gallery: Gallery) -> Iterator[Finding]:
    again = "forget them, so that the next `resight index` stores them again"
    rows = gallery.connection.execute("SELECT image, first_row, rows, crc FROM local ORDER BY first_row")
    for image, first, count, crc in rows:
        try:
            whole = checksum(gallery.local_features.take(first, count)) == crc
        except GalleryError:
            whole = False
        if not whole:
            files = ", ".join(gallery.files_of(image)) or f"image {image}"
            yield Finding("local", f"the local features of {files} are not what was written", again, image)
    for (image,) in gallery.connection.execute(
        "SELECT image FROM local WHERE image NOT IN (SELECT id FROM images)"
    ):
        yield Finding("local", f"local features of image {image}, which is unknown", again, image)


def _files(gallery: Gallery, contents: bool) -> Iterator[Finding]:
    root, again = gallery.root, "`resight index` brings the gallery up to date"
    for relative, image, _ in gallery.files():
        if image is None:
            continue
        try:
            state = file_state((root / relative).stat())
        except OSError:
            yield Finding("file", f"{relative} is gone", again, image)
            continue
        if gallery.image_of_file(relative) != (image, *state):
            yield Finding("file", f"{relative} has changed", again, image)
        elif contents:
            try:
                data = (root / relative).read_bytes()
            except OSError as error:
                yield Finding("file", f"{relative} cannot be read: {error.strerror}", again, image)
                continue
            if hashlib.sha256(data).digest() != gallery.image(image).sha256:
                yield Finding("file", f"{relative} has other contents than when it was indexed", again, image)


def unverifiable(gallery: Gallery) -> int:
    """How many images have no local features stored, and no file that is as it was, to compute them from."""
    stored = "SELECT image FROM local" if gallery.local_features.usable else "SELECT 0"
    rows = gallery.connection.execute(
        "SELECT image, relative, size, mtime_ns FROM files WHERE image IS NOT NULL "
        f"AND image NOT IN ({stored})"
    )
    there: dict[int, bool] = {}
    for image, relative, size, mtime_ns in rows:
        if not there.get(image):
            there[image] = _as_it_was(gallery.root / catalogue.from_stored(relative), size, mtime_ns)
    return sum(not each for each in there.values())


def _as_it_was(path: Path, size: int, mtime_ns: int) -> bool:
    try:
        return file_state(path.stat()) == (size, mtime_ns)
    except OSError:
        return False
