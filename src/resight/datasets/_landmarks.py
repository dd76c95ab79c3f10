"""What both versions of Google Landmarks share: photos by the letters of their names, a class a landmark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resight.dataset import Dataset
from resight.datasets._leave_one_out import leave_one_out
from resight.datasets._listing import present
from resight.datasets._photos_by_name import partial
from resight.errors import BadData, BadSetting, DataMissing

FOLDERS = ("train/", "")


@dataclass(frozen=True)
class Published:
    """How many photos and landmarks a version has; `rounded` where only round numbers are known."""

    name: str
    photos: int
    landmarks: int
    rounded: bool = False


@dataclass
class Named:
    """The photos that a table names, and the landmark of each, "" for none."""

    table: Path
    ids: list[str] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def add(self, line: int, name: str, landmark: str) -> None:
        """One more; the name stands in a path, so it is of letters and digits, three or more."""
        if len(name) < 3 or not name.isalnum():
            raise BadData(f"{self.table}, line {line}: '{name}' is no id of a photo.")
        if name in self._seen:
            raise BadData(f"{self.table}, line {line}: '{name}' was named before; leave one out.")
        self._seen.add(name)
        self.ids.append(name)
        self.classes.append(landmark)


def landmarks(published: Published, named: Named, limit: int) -> Dataset:
    """The photos that are on the disk, each with its class; what is not there is counted in a caveat.

    They lie below the folder of the table or its `train`, as `0/a/b/0ab....jpg`, or all in one folder.
    `limit`: only the first so many landmarks, 0 for all.
    """
    root, table = named.table.parent, named.table
    ids, classes, caveats = _first(published, named, limit)
    paths, here = _paths(root, ids)
    if not here.any():
        raise DataMissing(
            f"None of the {len(ids)} photos of {table} is in {root}, as train/0/a/b/0ab....jpg, "
            "0/a/b/0ab....jpg, train/0ab....jpg or 0ab....jpg."
        )
    places = np.flatnonzero(here).tolist()
    if not limit:
        caveats += partial("photos", len(places), published.photos, rounded=published.rounded)
    if len(places) < len(ids):
        caveats += (f"{len(places)} of {len(ids)} photos of {table.name} are here",)
    photos = tuple(paths[place] for place in places)
    labels = tuple(classes[place] for place in places)
    return Dataset(
        published.name, root, photos, np.arange(len(photos)), leave_one_out(labels, photos), ("map", "r@1"),
        "leave-one-out by landmark", caveats=caveats, labels=labels,
    )  # fmt: skip


def _first(
    published: Published, named: Named, limit: int
) -> tuple[Sequence[str], Sequence[str], tuple[str, ...]]:
    """The ids and landmarks that `limit` leaves, and what is to be said of them."""
    if limit < 0:
        raise BadSetting(
            f"'{published.name}' takes a number of landmarks for 'limit', or 0 for all, not {limit}."
        )
    kept = [landmark for landmark in dict.fromkeys(named.classes) if landmark]
    caveats = partial("landmarks", len(kept), published.landmarks, rounded=published.rounded)
    if not limit:
        return named.ids, named.classes, caveats
    first = set(kept[:limit])
    chosen = [place for place, each in enumerate(named.classes) if each in first]
    ids, classes = [named.ids[place] for place in chosen], [named.classes[place] for place in chosen]
    return ids, classes, (f"the first {len(first)} of {len(kept)} landmarks", *caveats)


def _paths(root: Path, ids: Sequence[str]) -> tuple[list[str], NDArray[np.bool_]]:
    """The layout under which photos are found, as paths, and whether each is there."""
    for nested in (True, False):
        for folder in FOLDERS:
            paths = [f"{folder}{i[0]}/{i[1]}/{i[2]}/{i}.jpg" if nested else f"{folder}{i}.jpg" for i in ids]
            here = present(root, paths)
            if here.any():
                return paths, here
    return [], np.zeros(len(ids), bool)
