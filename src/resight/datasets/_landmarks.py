"""What both versions of Google Landmarks share: photos by the letters of their names, a class a landmark."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resight.datasets._leave_one_out import leave_one_out
from resight.datasets._listing import present
from resight.errors import BadData, BadSetting, DataMissing
from resight.truth import Dataset

FOLDERS = ("train/", "")


def landmarks(name: str, table: Path, ids: Sequence[str], classes: Sequence[str], limit: int) -> Dataset:
    """The photos of `ids` that are on the disk, each with its class; what is not there is counted in a mark.

    They lie below the folder of the `table` or its `train`, as `0/a/b/0ab....jpg`, or all in one folder.
    `limit`: only the first so many classes, 0 for all.
    """
    if limit < 0:
        raise BadSetting(f"'{name}' takes a number of landmarks for 'limit', or 0 for all, not {limit}.")
    marks: list[str] = []
    if limit:
        kept = dict.fromkeys(classes)
        first = set(list(kept)[:limit])
        chosen = [place for place, each in enumerate(classes) if each in first]
        ids, classes = [ids[place] for place in chosen], [classes[place] for place in chosen]
        marks.append(f"the first {len(first)} of {len(kept)} landmarks")
    paths, here = _paths(table.parent, ids)
    if not here.any():
        raise DataMissing(
            f"None of the {len(ids)} photos of {table} is in {table.parent}, as train/0/a/b/0ab....jpg, "
            "0/a/b/0ab....jpg, train/0ab....jpg or 0ab....jpg."
        )
    places = np.flatnonzero(here).tolist()
    if len(places) < len(ids):
        marks.append(f"{len(places)} of {len(ids)} photos of {table.name} are here")
    photos = tuple(paths[place] for place in places)
    labels = tuple(classes[place] for place in places)
    return Dataset(
        name, table.parent, photos, np.arange(len(photos)), leave_one_out(labels, photos), ("map", "r@1"),
        "leave-one-out by landmark", marks=tuple(marks), labels=labels,
    )  # fmt: skip


def check_id(table: Path, line: int, name: str) -> str:
    """The name of a photo, which stands in a path: letters and digits, three or more."""
    if len(name) < 3 or not name.isalnum():
        raise BadData(f"{table}, line {line}: '{name}' is no id of a photo.")
    return name


def _paths(root: Path, ids: Sequence[str]) -> tuple[list[str], NDArray[np.bool_]]:
    """The layout under which photos are found, as paths, and whether each is there."""
    for nested in (True, False):
        for folder in FOLDERS:
            paths = [f"{folder}{i[0]}/{i[1]}/{i[2]}/{i}.jpg" if nested else f"{folder}{i}.jpg" for i in ids]
            here = present(root, paths)
            if here.any():
                return paths, here
    return [], np.zeros(len(ids), bool)
