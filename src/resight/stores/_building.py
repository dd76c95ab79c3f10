"""Keeps lists beside a gallery: made of its rows, added to, and made anew when they no longer suit it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from resight.errors import StorageFailed
from resight.files import UNFINISHED
from resight.progress import Progress
from resight.stores import _list_file as files
from resight.stores._coding import Coding, count_lists, train
from resight.stores._list_file import About, Opened
from resight.stores._lists import Filling
from resight.stores._measuring import measure
from resight.stores._promise import Given, Rows
from resight.stores._proof import prove
from resight.stores._recall import QUERIES, K
from resight.stores._units import have_unit_length, split
from resight.types import Vectors

SAMPLE = 24  # rows a list that training looks at
CHUNK = 1 << 15  # rows
GROWN = 4  # times as many rows as there were in training: the lists are made anew
BEHIND = (
    0.02  # share of the rows that lists may not have looked at yet; each search compares those one by one
)
LEAST = 64  # rows of unit length, to make lists of


def keep(folder: Path, given: Given, progress: Progress, anew: bool = False) -> Opened | None:
    """Bring the lists of a gallery up to date, in a file of `folder`; None where there are none.

    One process does that at a time, and another one leaves it to that. What searches meanwhile has the lists
    as they were. Raises StorageFailed.
    """
    from filelock import FileLock, Timeout

    try:
        with FileLock(folder / "lists.lock", timeout=0):
            return _keep(folder, given, progress, anew)
    except Timeout:
        progress.say("Another process is making the index of this gallery: it is left to that.")
        return files.find_lists(folder, given.gallery, given.generation)
    except OSError as error:
        raise StorageFailed(f"The index cannot be written to {folder} ({error.strerror}).") from error


def drop(folder: Path) -> None:
    """Delete all lists; raises StorageFailed."""
    try:
        for path in [*folder.glob("lists-*.faiss"), *folder.glob(f"lists-*{UNFINISHED}")]:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise StorageFailed(f"The index in {folder} cannot be deleted ({error.strerror}).") from error


def _keep(folder: Path, given: Given, progress: Progress, anew: bool) -> Opened | None:
    for path in folder.glob(f"lists-*{UNFINISHED}"):
        path.unlink(missing_ok=True)  # of a process that was killed
    current = None if anew else _usable(folder, given)
    count = len(given.vectors)
    if current and count - current.about.rows <= BEHIND * current.about.rows:
        _drop_others(folder, current.path)
        return current
    made = _extend(current, given, progress) if current else _make(given, progress)
    if made is None:
        return current
    path = files.write(folder, *made)
    _drop_others(folder, path)
    return files.open_lists(path)


def _usable(folder: Path, given: Given) -> Opened | None:
    """The lists that can be added to; none that are damaged, of other rows, or outgrown."""
    found = files.find_lists(folder, given.gallery, given.generation)
    if (
        found is None
        or found.about.rows > len(given.vectors)
        or not found.is_of(given.take, len(given.vectors))
    ):
        return None
    if len(given.vectors) >= GROWN * found.about.trained_on or not found.is_whole():
        return None
    return found


def _drop_others(folder: Path, path: Path) -> None:
    for other in folder.glob("lists-*.faiss"):
        if other != path:
            other.unlink(missing_ok=True)  # a search that has mapped it keeps it


Made = tuple[About, Filling, Rows]


def _make(given: Given, progress: Progress) -> Made | None:
    """Train on some of the rows, and fill lists with all of them; None if there are too few, or stopped."""
    count = len(given.vectors) - len(given.deleted)
    lists = count_lists(count)
    progress.start("Training the index", None)
    sample = _sample(given, SAMPLE * lists)
    if len(sample) < LEAST:
        progress.say(f"There are fewer than {LEAST} rows to make an index of: every row is compared.")
        return None
    coding = train(sample, min(lists, len(sample)), progress.stopping)
    if coding is None:
        return None
    del sample
    empty = np.empty(0, np.int64)
    return _fill(coding, Filling(coding), given, 0, empty, len(given.vectors), progress)


def _extend(current: Opened, given: Given, progress: Progress) -> Made | None:
    """The lists as they are, with the rows that came since; None if it was stopped."""
    filling = Filling(current.lists.coding)
    filling.take_in(current.lists)
    about = current.about
    return _fill(filling.coding, filling, given, about.rows, current.apart, about.trained_on, progress)


def _fill(
    coding: Coding, filling: Filling, given: Given, first: int, apart: Rows, trained_on: int,
    progress: Progress,
) -> Made | None:  # fmt: skip
    progress.start("Filling the index", -(-(len(given.vectors) - first) // CHUNK))
    aside = [apart]
    for numbers, rows, others in _chunks(given, first):
        if progress.stopping():
            return None
        filling.add(numbers, rows)
        aside.append(others)
        progress.step()
    progress.start("Measuring the index", None)
    apart = np.concatenate(aside)
    inside = np.ones(len(given.vectors), np.bool_)
    inside[given.deleted] = inside[apart] = False
    points = measure(filling, given.vectors, np.flatnonzero(inside))
    about = About(
        given.gallery, given.generation, len(given.vectors), given.vectors.shape[1], trained_on,
        prove(given.take, len(given.vectors)), points, K, QUERIES,
    )  # fmt: skip
    return about, filling, apart


def _chunks(given: Given, first: int) -> Iterator[tuple[Rows, Vectors, Rows]]:
    """Row numbers and rows of unit length, chunk by chunk, and the numbers of the others."""
    for start in range(first, len(given.vectors), CHUNK):
        yield split(given, start, CHUNK)


def _sample(given: Given, most: int) -> Vectors:
    """Some of the rows that have unit length and are not deleted; the same each time."""
    random = np.random.default_rng(0)
    count = len(given.vectors)
    chosen = np.sort(random.choice(count, min(most, count), replace=False, shuffle=False))
    chosen = chosen[~np.isin(chosen, given.deleted)]
    rows = given.take(chosen)
    return np.ascontiguousarray(rows[have_unit_length(rows)])
