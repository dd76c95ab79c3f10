"""The part of a gallery that somebody names: a folder in it, or a glob over relative paths."""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from resight.errors import BadQuery
from resight.gallery import Snapshot
from resight.names import composed
from resight.ranking import Numbers


@dataclass(frozen=True)
class Under:
    """A folder or file of the gallery, or a glob; names are compared in Unicode's composed form (NFC)."""

    named: str
    is_glob: bool

    def matches(self, relative: str) -> bool:
        """Whether a relative path lies in the part; a glob is of files, or of folders that hold them."""
        path = composed(relative)
        if self.named == ".":
            return True
        if not self.is_glob:
            return path == self.named or path.startswith(f"{self.named}/")
        return fnmatch.fnmatchcase(path, self.named) or fnmatch.fnmatchcase(path, f"{self.named}/*")


def compile_under(named: str, files: Iterable[str]) -> Under:
    """What somebody names: no glob if it is a folder or file among `files`."""
    folder = Under(composed(posixpath.normpath(named)), is_glob=False)
    if folder.named == "." or any(map(folder.matches, files)):
        return folder
    return Under(composed(named.removeprefix("./").rstrip("/")), is_glob=True)


def under_of(snapshot: Snapshot, named: str) -> Under:
    """What somebody names of a gallery."""
    return compile_under(named, (name for name, image, _ in snapshot.catalogue.files() if image))


def images_under(snapshot: Snapshot, under: Under) -> Numbers:
    """The images that have a file in the part; raises BadQuery where there is none."""
    files = snapshot.catalogue.files()
    images = {image for name, image, _ in files if image and under.matches(name)}
    if not images:
        raise BadQuery(f"No indexed photo lies under '{under.named}'.")
    return np.array(sorted(images), np.int64)
