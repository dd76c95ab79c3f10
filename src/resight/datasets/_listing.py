"""Which photos of a data set are on the disk: each folder is listed once, no file is looked at."""

from __future__ import annotations

import heapq
import os
import posixpath
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resight.errors import BadData, DataMissing
from resight.images import SUFFIXES
from resight.images.system_folders import is_system_folder


def photos_under(root: Path) -> list[str]:
    """Relative paths of all files with a photo's suffix, sorted.

    Hidden files and folders, and folders of thumbnails and deleted files, are passed over. Links to folders
    are followed, but no folder is entered twice: it is listed under its own name if that is below `root`,
    else under that of the first link to it.
    """
    return sorted(_walk(root))


def present(root: Path, paths: Sequence[str]) -> NDArray[np.bool_]:
    """(N,): whether each relative path is there. A folder's names are forgotten when the next is listed."""
    found = np.zeros(len(paths), bool)
    folders = [posixpath.dirname(path) for path in paths]
    order = sorted(range(len(paths)), key=folders.__getitem__)
    for folder, places in groupby(order, key=folders.__getitem__):
        names = _names(root / folder)
        for place in places:
            found[place] = posixpath.basename(paths[place]) in names
    return found


def must_be_present(root: Path, paths: Sequence[str], told_by: str) -> None:
    """DataMissing, with how many are not there and the first of them, unless all are."""
    gone = np.flatnonzero(~present(root, paths))
    if len(gone):
        raise DataMissing(
            f"{len(gone)} of the {len(paths)} photos that {told_by} names are not in {root}, "
            f"the first being '{paths[gone[0]]}'."
        )


def _walk(root: Path) -> Iterator[str]:
    folders, links, seen = [""], list[str](), set[str]()
    while folders or links:
        folder = folders.pop() if folders else heapq.heappop(links)  # never as the file system lists them
        real = os.path.realpath(root / folder)
        if real in seen:
            continue
        seen.add(real)
        for entry in _entries(root / folder):
            relative = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir() and is_system_folder(relative):
                continue
            if entry.is_symlink() and os.path.isdir(entry.path):
                heapq.heappush(links, relative)
            elif entry.is_dir(follow_symlinks=False):
                folders.append(relative)
            elif os.path.splitext(entry.name)[1].lower() in SUFFIXES:
                yield relative


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        raise BadData(f"The folder {folder} cannot be read: {error.strerror}.") from None


def _names(folder: Path) -> frozenset[str]:
    try:
        return frozenset(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()
    except OSError as error:
        raise BadData(f"The folder {folder} cannot be read: {error.strerror}.") from None
