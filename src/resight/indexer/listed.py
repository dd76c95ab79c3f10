"""A list of photos in a folder, in place of a walk through it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from resight.errors import BadQuery
from resight.images.folder import GONE
from resight.roots import Found, Root


@dataclass
class Listed:
    """Iterate for what a walk would find of these files, once each; the lists are right afterwards.

    `missing` are those that are not there, `unreadable` those that could not be looked at. Raises BadQuery
    for a path that is not a plain one below the root.
    """

    root: Root
    only: Iterable[str]
    missing: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    skipped: int = 0
    system_folders: int = 0
    excluded: int = 0

    def __iter__(self) -> Iterator[Found]:
        for relative in dict.fromkeys(self.only):
            path = PurePosixPath(relative)
            if path.is_absolute() or ".." in path.parts or str(path) != relative:
                raise BadQuery(f"'{relative}' is not a path below {self.root}, such as 'folder/photo.jpg'.")
            try:
                state = self.root.state(relative)
            except OSError as error:
                (self.missing if error.errno in GONE else self.unreadable).append(relative)
            else:
                yield relative, *state
