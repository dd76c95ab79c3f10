"""INRIA Holidays. Jegou, Douze and Schmid, ECCV 2008.

A photo's number says what it shows: 100000.jpg is a query, 100001.jpg and those after it, up to 100099.jpg,
are what it should find.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from resight.dataset import BenchmarkQuery, Dataset, Truth
from resight.datasets._photos_by_name import partial, photos_by_name
from resight.errors import BadData
from resight.fetching.sources import Source

NEEDED = (
    Source(
        "jpg/jpg1.tar.gz", "ftp://ftp.inrialpes.fr/pub/lear/douze/data/jpg1.tar.gz",
        "photos, about 1.1 GB; fetch it by hand, it has no address of http",
    ),
    Source(
        "jpg/jpg2.tar.gz", "ftp://ftp.inrialpes.fr/pub/lear/douze/data/jpg2.tar.gz",
        "the others, about 1.6 GB; by hand, too",
    ),
)  # fmt: skip
ABOUT = (
    "1,491 photos in 500 groups; INRIA holds the copyright and asks to cite the paper "
    "(https://lear.inrialpes.fr/people/jegou/data.php.html)."
)
FOLDERS = (("jpg", "jpg1", "jpg2"), ("",))
NUMBER = re.compile(r"1[0-4]\d{4}", re.ASCII)


def holidays(root: Path, *, turned: bool = True) -> Dataset:
    """`turned`: by a list that others published, else as they are, some lying on their side.

    Both are usual, and the protocol says which. The list is for the photos as INRIA distributes them: not
    for copies that somebody turned before.
    """
    found = photos_by_name("holidays", root, FOLDERS)
    for name, path in found.items():
        if not NUMBER.fullmatch(name):
            raise BadData(f"'{path}' is no photo of Holidays, which are 100000.jpg to 1499...: take it out.")
    photos, labels = tuple(found.values()), tuple(name[:4] for name in found)
    members: dict[str, list[int]] = {}
    for number, group in enumerate(labels):
        members.setdefault(group, []).append(number)
    questions = _questions(tuple(found), members)
    standing = "turned upright" if turned else "as they are, not turned upright"
    return Dataset(
        "holidays", root, photos, np.arange(len(photos)), questions, ("map-trapezoid",),
        f"{len(questions)} queries, each removed from its ranking; photos {standing}; AP by the trapezoid",
        turns={found[name]: degrees for name, degrees in _upright().items() if turned and name in found},
        caveats=(*partial("photos", len(photos), 1491), *_incomplete(questions, members)),
        labels=labels,
    )  # fmt: skip


def _questions(names: tuple[str, ...], members: Mapping[str, list[int]]) -> tuple[BenchmarkQuery, ...]:
    """A group is sorted by number: its query, if it is there, comes first."""
    return tuple(
        BenchmarkQuery(first, {"": Truth(np.array(others, np.int64))}, name=names[first])
        for first, *others in members.values()
        if names[first].endswith("00")
    )


def _incomplete(questions: tuple[BenchmarkQuery, ...], members: Mapping[str, list[int]]) -> tuple[str, ...]:
    alone = [question.name for question in questions if not len(question.truths[""].positive)]
    asked = {question.name[:4] for question in questions}
    mute = [f"{group}00" for group in members if group not in asked]
    return (
        *partial("queries", len(questions), 500),
        *_told(alone, "queries whose other photos are not here"),
        *_told(mute, "groups whose query is not here"),
    )


def _told(names: Iterable[str], what: str) -> tuple[str, ...]:
    names = list(names)
    more = " ..." if len(names) > 3 else ""
    return (f"{len(names)} {what}: {', '.join(names[:3])}{more}",) if names else ()


def _upright() -> dict[str, int]:
    """Degrees clockwise, by the name of the photo."""
    path = Path(__file__).with_name("holidays_orientation.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return {row["image"].removesuffix(".jpg"): int(row["degrees_clockwise"]) for row in rows}
