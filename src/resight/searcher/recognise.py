"""Recognises a query that a gallery has already: by its path, or by its bytes."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from resight.addresses import is_address
from resight.errors import BadImage, BadQuery
from resight.gallery import Snapshot
from resight.gallery.records import StoredImage
from resight.roots import State, beside


class QueryFile:
    """The file or object of a query, looked at and opened once; raises BadQuery where it cannot be read."""

    def __init__(self, path: Path | str) -> None:
        self.path = path if is_address(path) else Path(path)
        self._root, self._name = beside(path)

    @functools.cached_property
    def state(self) -> State:
        """Its size and time of change."""
        try:
            return self._root.state(self._name)
        except OSError as error:
            raise BadQuery(f"The query {self.path} cannot be read: {error.strerror}.") from None

    @functools.cached_property
    def content(self) -> bytes:
        """Its bytes."""
        try:
            return self._root.content(self._name)
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
    state = file.state
    for relative in _names_below(snapshot.catalogue.root, file.path):
        stored = snapshot.catalogue.file(relative)
        if stored and stored.image and stored.state == state:
            return Recognised(snapshot.catalogue.image(stored.image), relative)
    return None


def _names_below(root: Path | str, path: Path | str) -> Iterator[str]:
    """The relative paths that a file or object may have in a gallery; raises BadQuery."""
    if is_address(root) or is_address(path):
        if str(path).startswith(f"{root}/"):
            yield str(path).removeprefix(f"{root}/")
        return
    try:
        spelt, folder = (Path(path).absolute(), Path(path).resolve()), Path(root).resolve()
    except OSError as error:
        raise BadQuery(f"The query {path} cannot be read: {error.strerror}.") from None
    for spelling in spelt:
        if spelling.is_relative_to(folder):
            yield spelling.relative_to(folder).as_posix()


def _by_content(snapshot: Snapshot, file: QueryFile) -> Recognised | None:
    """The image of a copy of the file elsewhere in the gallery, as it is and not turned."""
    image = snapshot.catalogue.image_of_content(hashlib.sha256(file.content).digest())
    return Recognised(snapshot.catalogue.image(image)) if image else None
