"""Marks of a gallery's photos: asked for by ids, told with names, and as a CSV that other verbs take."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resight.gallery import Snapshot
from resight.gallery.marks import Mark, Marks
from resight.pairs import MARKED
from resight.serving.galleries import ID, Served, shown_name
from resight.serving.problems import Problem

if TYPE_CHECKING:
    from resight.serving.service import Service

SUFFIX = {"jpeg": "jpg", "jpeg 2000": "jp2", "jpeg xl": "jxl", "tiff": "tif"}


def put_mark(service: Service, served: Served, query: str, hit: str, mark: str | None) -> None:
    """Mark a hit of a query; the query is an image of the gallery, or an upload, which is kept then."""
    marks = service.marks(served)
    with served.snapshot() as snapshot:
        first, second = _content(query), _content(hit)
        if not snapshot.catalogue.images_of_content(second):
            raise Problem(404, "This gallery has no such image.")
        stored = bool(snapshot.catalogue.images_of_content(first))
    if not stored and mark is not None:
        upload = service.uploads.get(query)
        marks.keep_photo(
            f"{upload.id}.{SUFFIX.get(upload.format, upload.format)}", service.uploads.content(query)
        )
    marks.put(first, second, mark)


def tell_marks(service: Service, served: Served) -> dict[str, Any]:
    """All marks of photos of a gallery, and how many of them its CSV cannot have."""
    marks = service.marks(served)
    with served.snapshot() as snapshot:
        own = _of_gallery(snapshot, marks)
        paths = [[_path(served, snapshot, marks, each) for each in (mark.first, mark.second)] for mark in own]
    told = [
        {"first": mark.first.hex(), "second": mark.second.hex(), "mark": mark.mark, "first_path": first,
         "second_path": second}
        for mark, (first, second) in zip(own, paths, strict=True)
    ]  # fmt: skip
    return {"marks": told, "left_out": sum(not all(pair) for pair in paths)}


def spell_marks(service: Service, served: Served) -> str:
    """The CSV of marks; its paths start from the folder of photos, so it is to be saved there.

    A row whose photos have no path there is left out.
    """
    marks, text = service.marks(served), io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(MARKED)
    with served.snapshot() as snapshot:
        for mark in _of_gallery(snapshot, marks):
            if row := _row(served, snapshot, marks, mark):
                writer.writerow(row)
    return text.getvalue()


def _of_gallery(snapshot: Snapshot, marks: Marks) -> list[Mark]:
    """The marks of which one photo at least is in the gallery."""
    known = snapshot.catalogue.images_of_content
    return [mark for mark in marks.all() if known(mark.first) or known(mark.second)]


def _row(served: Served, snapshot: Snapshot, marks: Marks, mark: Mark) -> tuple[str, str, str] | None:
    paths = [_path(served, snapshot, marks, content) for content in (mark.first, mark.second)]
    return (paths[0], paths[1], mark.mark) if paths[0] and paths[1] else None


def _path(served: Served, snapshot: Snapshot, marks: Marks, content: bytes) -> str | None:
    """Where a photo lies below the folder of photos: as it is indexed, or as the marks keep it."""
    for number in snapshot.catalogue.images_of_content(content):
        for name in snapshot.catalogue.files_of(number):
            if shown_name(name) == name and not {"\n", "\r"} & set(name):
                return name
    kept = marks.kept_photo(content)
    if kept is None or served.photos.remote:
        return None
    root = Path(os.path.realpath(served.photos.place))
    real = Path(os.path.realpath(kept))
    return real.relative_to(root).as_posix() if real.is_relative_to(root) else None


def _content(number: str) -> bytes:
    parts = ID.fullmatch(number)
    if parts is None:
        raise Problem(422, "A photo is named by its id.")
    return bytes.fromhex(parts[1])
