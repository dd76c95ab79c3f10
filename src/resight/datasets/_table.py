"""A data set from a CSV of path, instance and optionally x, y, w, h, role: one question a row that asks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resight.dataset import BenchmarkQuery, Dataset, Numbers
from resight.datasets._leave_one_out import Others, members
from resight.datasets._listing import must_be_present
from resight.datasets._rows import rows
from resight.datasets._spelling import Spelling
from resight.errors import BadData
from resight.names import composed
from resight.types import Box

ROLES = ("", "query", "database", "distractor")
Boxes = tuple[str, str, str, str]


@dataclass
class _Rows:
    """What the CSV says, a place a row, and its photos in the order of their first rows."""

    path: Path
    spelling: Spelling
    photos: dict[str, int] = field(default_factory=dict)
    photo: list[int] = field(default_factory=list)
    instance: list[str] = field(default_factory=list)
    asks: list[bool] = field(default_factory=list)
    box: dict[int, Box] = field(default_factory=dict)
    ranked: list[bool] = field(default_factory=list)  # a place a photo
    roles: bool = False
    none: set[int] = field(default_factory=set)  # photos that a row calls distractors
    shows: set[int] = field(default_factory=set)  # photos that show an instance

    def read(self) -> None:
        """Fill in every row; the first thing wrong is an error that names its line."""
        first: dict[tuple[int, str, Box | None], int] = {}
        names: dict[str, str] = {}  # one string an instance, not one a row
        for line, cells in rows(self.path, ("path", "instance"), ("x", "y", "w", "h", "role")):
            path, instance, *numbers, role = cells
            instance = composed(instance)
            self._check(line, path, instance, role)
            photo = self._number(line, path, role != "query")
            box = self._box(line, numbers)
            before = first.setdefault((photo, instance, box), line)
            if before != line:
                raise BadData(f"{self.path}, line {line}: it says the same as line {before}; leave one out.")
            if box and role in ("", "query"):
                self.box[len(self.photo)] = box
            self.photo.append(photo)
            self.instance.append(names.setdefault(instance, instance))
            self.asks.append(bool(instance) and role in ("", "query"))
            self.roles |= role in ("query", "database")
            self._contradiction(line, path, photo, role)

    def _check(self, line: int, path: str, instance: str, role: str) -> None:
        here = f"{self.path}, line {line}:"
        if not path:
            raise BadData(f"{here} the path is empty.")
        if role not in ROLES:
            raise BadData(f"{here} a role is query, database, distractor or nothing, not '{role}'.")
        if role == "query" and not instance:
            raise BadData(f"{here} a query must name the instance that it asks for.")
        if role == "distractor" and instance:
            raise BadData(f"{here} a distractor shows no instance, but this row names '{instance}'.")

    def _contradiction(self, line: int, path: str, photo: int, role: str) -> None:
        """Refuse a photo that a row calls a distractor and another one an instance."""
        if role == "distractor":
            self.none.add(photo)
        if self.instance[-1]:
            self.shows.add(photo)
        if photo in self.none and photo in self.shows:
            raise BadData(
                f"{self.path}, line {line}: '{path}' shows an instance in one row and is a distractor in "
                "another; leave one out."
            )

    def _number(self, line: int, path: str, ranked: bool) -> int:
        clean = self.spelling.of(path)
        if clean is None:
            raise BadData(
                f"{self.path}, line {line}: '{path}' leads out of the folder of the CSV; paths must be "
                "relative to it and stay inside, as a/b.jpg or a\\b.jpg."
            )
        number = self.photos.setdefault(clean, len(self.photos))
        if number == len(self.ranked):
            self.ranked.append(ranked)
        elif self.ranked[number] != ranked:
            raise BadData(
                f"{self.path}, line {line}: '{path}' is a query, which is not ranked, in one row and ranked "
                "in another."
            )
        return number

    def _box(self, line: int, cells: Sequence[str]) -> Box | None:
        if not any(cells):
            return None
        try:
            x, y, width, height = map(float, cells)
        except ValueError:
            raise BadData(
                f"{self.path}, line {line}: x, y, w, h are four numbers, as 12.5, or empty, not "
                f"'{','.join(cells)}'."
            ) from None
        if not (all(map(math.isfinite, (x, y, width, height))) and width > 0 and height > 0):
            raise BadData(f"{self.path}, line {line}: a box needs w and h above zero, and no infinity.")
        return Box(x, y, width, height)


def table(name: str, path: Path, measures: tuple[str, ...]) -> Dataset:
    """The data set of a CSV; photos are relative to its folder, and all of them must be there."""
    read = _Rows(path, Spelling(path.parent))
    read.read()
    photos = tuple(read.photos)
    must_be_present(path.parent, photos, path.name)
    ranked = np.array(read.ranked, bool)
    questions, alone = _questions(read, photos, ranked)
    if not questions:
        raise BadData(f"{path} asks nothing: no instance is shown by a row that asks and by another photo.")
    named = f"leave-one-out by the column instance of {path.name}"
    return Dataset(
        name, path.parent, photos, np.flatnonzero(ranked), questions, measures,
        f"queries and database by the column role of {path.name}" if read.roles else named,
        caveats=(f"{alone} queries have nothing to find and are left out",) if alone else (),
        labels=_labels(read, len(photos)),
    )  # fmt: skip


def _questions(
    read: _Rows, photos: tuple[str, ...], ranked: NDArray[np.bool_]
) -> tuple[tuple[BenchmarkQuery, ...], int]:
    """The questions; and how many rows of photos that are not ranked have nothing to find."""
    shown = _shown(read, ranked)
    found: list[BenchmarkQuery] = []
    alone = 0
    for row, (photo, instance) in enumerate(zip(read.photo, read.instance, strict=True)):
        if not read.asks[row]:
            continue
        right = shown.get(instance, np.empty(0, np.int64))
        if len(right) == 0 or (len(right) == 1 and right[0] == photo):
            alone += not ranked[photo]
            continue
        box = read.box.get(row)
        name = f"{photos[photo]} {','.join(f'{side:g}' for side in box.as_list())}" if box else photos[photo]
        found.append(BenchmarkQuery(photo, Others(right, photo), box, name))
    return tuple(found), alone


def _shown(read: _Rows, ranked: NDArray[np.bool_]) -> dict[str, Numbers]:
    """The ranked photos that show each instance, each photo once."""
    numbers = np.array(read.photo, np.int64)
    found = {}
    for instance, places in members(read.instance).items():
        own = np.unique(numbers[places])
        found[instance] = own[ranked[own]]
    return found


def _labels(read: _Rows, count: int) -> tuple[str, ...] | None:
    """The instance of each photo; None if one shows several."""
    labels = [""] * count
    for photo, instance in zip(read.photo, read.instance, strict=True):
        if labels[photo] not in ("", instance):
            return None
        labels[photo] = instance or labels[photo]
    return tuple(labels)
