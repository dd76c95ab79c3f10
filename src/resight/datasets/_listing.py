"""Which photos of a data set are on the disk: each folder is listed once, no file is looked at."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resight.errors import BadData, DataMissing
from resight.images.folder import Walk


def photos_under(root: Path) -> list[str]:
    """Relative paths of all photos of a walk, sorted; raises BadData for a folder that cannot be read."""
    walk = Walk(root)
    try:
        found = sorted(relative for relative, _ in walk)
    except OSError as error:
        raise BadData(f"The folder {root} cannot be read: {error.strerror}.") from None
    for folder, why in walk.unreadable.items():
        raise BadData(f"The folder {root / folder} cannot be read: {why}.")
    return found


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


def _names(folder: Path) -> frozenset[str]:
    try:
        return frozenset(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()
    except OSError as error:
        raise BadData(f"The folder {folder} cannot be read: {error.strerror}.") from None
