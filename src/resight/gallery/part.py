"""The part of a gallery that somebody names: a folder in it, or a glob over relative paths."""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Callable, Iterable

from resight.names import composed

Inside = Callable[[str], bool]


def part(named: str, files: Iterable[str]) -> Inside:
    """Whether a relative path lies in the part. What names a folder or file among `files` is no glob."""
    folder = composed(posixpath.normpath(named))
    if folder == ".":
        return lambda relative: True
    if any(_lies(composed(file), folder) for file in files):
        return lambda relative: _lies(composed(relative), folder)
    glob = composed(named.removeprefix("./").rstrip("/"))
    return lambda relative: _fits(composed(relative), glob)


def _lies(relative: str, folder: str) -> bool:
    return relative == folder or relative.startswith(f"{folder}/")


def _fits(relative: str, glob: str) -> bool:
    """The glob is of files, or of folders that hold them."""
    return fnmatch.fnmatchcase(relative, glob) or fnmatch.fnmatchcase(relative, f"{glob}/*")
