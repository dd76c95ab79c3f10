"""One million distractors for revisited Oxford and Paris. Radenovic et al., CVPR 2018."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from resight.dataset import Dataset
from resight.datasets._listing import photos_under, present
from resight.datasets._photos_by_name import SUFFIXES, partial
from resight.datasets._text import lines
from resight.errors import BadData, DataMissing
from resight.fetching.sources import Source

HOME = "http://ptak.felk.cvut.cz/revisitop/revisitop1m"
NEEDED = (
    Source("revisitop1m.txt", f"{HOME}/revisitop1m.txt", "the paths of all photos below the folder jpg"),
    *(
        Source(
            f"jpg/revisitop1m.{number}.tar.gz", f"{HOME}/jpg/revisitop1m.{number}.tar.gz",
            "a hundredth of the photos",
        )
        for number in range(1, 101)
    ),
)  # fmt: skip
ABOUT = (
    "1,001,001 photos that show nothing of Oxford or Paris, some 200 GB; they are Flickr's users', who keep "
    "their rights."
)
COUNT = 1_001_001
LISTS = ("revisitop1m.txt", "imlist.txt")
FOLDERS = ("jpg/", "")


def revisitop1m(root: Path) -> Dataset:
    """The photos in the order of the list, or of their paths if there is none; no questions."""
    tables = [root / name for name in LISTS if (root / name).is_file()]
    photos, caveats = _listed(root, tables[0]) if tables else _found(root)
    return Dataset(
        "revisitop1m", root, photos, np.arange(len(photos)), (), (), "distractors, no queries",
        caveats=(*caveats, *partial("photos", len(photos), COUNT)),
    )  # fmt: skip


def _listed(root: Path, table: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    named = [text for _, text in lines(table, "`resight data revisitop1m` tells where to get it.")]
    _check(named, table)
    for folder in FOLDERS:
        paths = [f"{folder}{each}" for each in named]
        here = np.flatnonzero(present(root, paths))
        if len(here):
            caveat = f"{len(here)} of the {len(named)} photos that {table.name} names are here"
            return tuple(paths[place] for place in here), (caveat,) if len(here) < len(named) else ()
    raise DataMissing(f"None of the photos that {table} names is in {root} or its folder jpg.")


def _found(root: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    for folder in FOLDERS:
        if (root / folder).is_dir():
            photos = [path for path in photos_under(root / folder) if path.lower().endswith(SUFFIXES)]
            if photos:
                return tuple(f"{folder}{path}" for path in photos), ()
    raise DataMissing(
        f"There are no photos (.jpg) in {root} or its folder jpg: `resight data revisitop1m` tells where to "
        "get them."
    )


def _check(named: Sequence[str], table: Path) -> None:
    for line in named:
        if line.startswith("/") or "\\" in line or ":" in line or ".." in line.split("/"):
            raise BadData(f"{table}: '{line}' leads out of the folder of the set. Get the list again.")
    if len(set(map(posixpath.normpath, named))) < len(named):
        raise BadData(f"{table} names a photo twice. Get the list again.")
