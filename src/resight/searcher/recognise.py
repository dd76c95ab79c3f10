"""Recognises a query that a gallery has already: by its path, or by its bytes."""

from __future__ import annotations

import functools
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from resight import images
from resight.errors import BadImage, BadQuery
from resight.gallery import Snapshot
from resight.gallery.records import StoredImage, file_state


class QueryFile:
    """The file of a query, looked at and opened once; raises BadQuery where it cannot be read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @functools.cached_property
    def status(self) -> os.stat_result:
        """What the system says of it."""
        try:
            return self.path.stat()
        except OSError as error:
            raise BadQuery(f"The query {self.path} cannot be read: {error.strerror}.") from None

    @functools.cached_property
    def content(self) -> bytes:
        """Its bytes."""
        try:
            return images.content(self.path)
        except (BadImage, OSError) as error:
            raise BadQuery(f"The query {self.path} cannot be read: {error}.") from None


@dataclass(frozen=True)
class Recognised:
    """The image that a gallery has of a query; `relative` is the query's own path if that is indexed."""

    image: StoredImage
    relative: str | None = None


def recognise(snapshot: Snapshot, file: QueryFile, by_content: bool = True) -> Recognised | None:
    """What the gallery has of a photo, by its path or else by its bytes; None where it does not know it.

    Raises BadQuery for a file that cannot be read.
    """
    known = _by_path(snapshot, file)
    return known or (_by_content(snapshot, file) if by_content else None)


def _by_path(snapshot: Snapshot, file: QueryFile) -> Recognised | None:
    """The image of an indexed file that is unchanged since."""
    try:
        status, here, root = file.status, file.path.resolve(), snapshot.catalogue.root.resolve()
    except OSError as error:
        raise BadQuery(f"The query {file.path} cannot be read: {error.strerror}.") from None
    for spelling in (file.path.absolute(), here):
        if spelling.is_relative_to(root):
            relative = spelling.relative_to(root).as_posix()
            stored = snapshot.catalogue.file(relative)
            if stored and stored.image and stored.state == file_state(status):
                return Recognised(snapshot.catalogue.image(stored.image), relative)
    return None


def _by_content(snapshot: Snapshot, file: QueryFile) -> Recognised | None:
    """The image of a copy of the file elsewhere in the gallery, as it is and not turned."""
    image = snapshot.catalogue.image_of_content(hashlib.sha256(file.content).digest())
    return Recognised(snapshot.catalogue.image(image)) if image else None
