"""Marks that users make: a CSV of pairs of photos that show the same thing, or different ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from resight.dataset import Dataset
from resight.datasets._leave_one_out import leave_one_out
from resight.datasets._listing import must_be_present
from resight.datasets._rows import rows
from resight.errors import BadData
from resight.pairs import DIFFERENT, MARKED, SAME, connected

MARKS = (SAME, DIFFERENT)


def is_marks(path: Path) -> bool:
    """Whether a CSV has the columns of marks."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            header = file.readline()
    except (OSError, UnicodeDecodeError):
        return False
    return set(MARKED) <= {name.strip().strip('"') for name in header.replace(";", ",").split(",")}


def marks(name: str, path: Path, measures: tuple[str, ...]) -> Dataset:
    """Photos that are marked as the same, also by way of others, are an instance; the rest are alone.

    What is marked as different is so of the two instances.

    Columns `first`, `second` (paths relative to the CSV) and `mark` (same or different). Raises BadData where
    two photos are marked as different that others make the same.
    """
    numbers: dict[str, int] = {}
    pairs: dict[str, list[tuple[int, int, int]]] = {mark: [] for mark in MARKS}
    for line, (first, second, mark) in rows(path, MARKED):
        if mark not in MARKS or not first or not second:
            raise BadData(f"{path}, line {line}: a row is two paths and 'same' or 'different'.")
        one, two = (numbers.setdefault(photo, len(numbers)) for photo in (first, second))
        pairs[mark].append((one, two, line))
    photos = tuple(numbers)
    same = np.array([pair[:2] for pair in pairs[SAME]], np.int64).reshape(-1, 2)
    classes = connected(same[:, 0], same[:, 1], len(photos))
    for one, two, line in pairs[DIFFERENT]:
        if classes[one] == classes[two]:
            raise BadData(
                f"{path}, line {line}: '{photos[one]}' and '{photos[two]}' are marked as different, but "
                "other rows make them the same: take one of the marks back."
            )
    must_be_present(path.parent, photos, str(path))
    labels = tuple(f"thing {number}" for number in classes.tolist())
    questions = leave_one_out(labels, photos)
    if not questions:
        raise BadData(f"{path} marks no two photos as the same.")
    return Dataset(
        name, path.parent, photos, np.arange(len(photos)), questions, measures,
        "leave-one-out among photos that were marked", labels=labels,
        different=tuple((labels[one], labels[two]) for one, two, _ in pairs[DIFFERENT]),
    )  # fmt: skip
