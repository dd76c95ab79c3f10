"""Your own photos: a folder whose sub-folders are instances, or a CSV of path, instance and more.

A folder without a CSV: the photos below a sub-folder, however deep, show the instance of its name; those
that lie in the folder itself, or in one named `distractors`, show none.

The CSV has the columns `path` (relative to the CSV) and `instance`, and may have `x, y, w, h` (pixels of the
upright photo; what lies beyond it is cut off) and `role`; others are ignored. A photo may have several rows:
instances it shows, or boxes that are asked for one by one. A row asks for the other photos of its instance:
cut to its box, if it has one. Roles: empty, asks and is ranked; `query`, asks and is not ranked; `database`,
is ranked and does not ask; `distractor`, the same and shows no instance. A box of a row that does not ask is
not used.

A CSV of marks instead has the columns `first`, `second` and `mark`: two photos are `same` or `different`.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from resight import methods
from resight.dataset import Dataset
from resight.datasets._leave_one_out import leave_one_out
from resight.datasets._listing import photos_under
from resight.datasets._marks import is_marks, marks
from resight.datasets._table import table
from resight.errors import BadData, DataMissing
from resight.fetching.sources import Source
from resight.names import composed

NEEDED: tuple[Source, ...] = ()
ABOUT = "Any photos of your own, sorted into sub-folders or listed in a CSV; nothing is fetched."
MEASURES = ("map", "r@1", "map-trapezoid")
DISTRACTORS = "distractors"


def folder(root: Path, *, truth: str = "groundtruth.csv") -> Dataset:
    """The set in a folder, or of a CSV file itself; `truth` is the name of the CSV inside a folder.

    Without roles, every photo whose instance another photo shows asks for those others among all the rest.
    """
    if root.is_file():
        name = root.parent.resolve().name if root.name == "groundtruth.csv" else root.stem
        read = marks if is_marks(root) else table
        return read(own_name(name), root, MEASURES)
    if not root.is_dir():
        raise DataMissing(f"There is no folder or CSV file {root}.")
    if os.path.lexists(root / truth) or truth != "groundtruth.csv":
        return table(own_name(root.resolve().name), root / truth, MEASURES)
    photos = tuple(photos_under(root))
    labels = tuple(map(_instance, photos))
    questions = leave_one_out(labels, photos)
    if not photos:
        raise DataMissing(f"There are no photos in {root}.")
    if not questions:
        raise BadData(
            f"No instance in {root} has two photos: make a sub-folder for each instance, or write a "
            "groundtruth.csv with the columns path and instance."
        )
    alone = set(labels) == {labels[0]}
    return Dataset(
        own_name(root.resolve().name), root, photos, np.arange(len(photos)), questions, MEASURES,
        "leave-one-out by sub-folder", labels=labels,
        caveats=("all photos show one instance, so any ranking is right",) if alone else (),
    )  # fmt: skip


def own_name(name: str) -> str:
    """The name of a folder; one that is called like a published set is said to be a folder."""
    return f"folder-{name}" if name.replace("_", "-") in methods.names("datasets") else name


def _instance(path: str) -> str:
    first, slash, _ = path.partition("/")
    return composed(first) if slash and first != DISTRACTORS else ""
