"""The files of truth of Oxford5k and Paris6k: four a query, with its box and three lists of photos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from resight.dataset import BenchmarkQuery, Dataset, Truth
from resight.datasets import _corners
from resight.datasets._photos_by_name import check_name, must_be_here, partial, photos_by_name
from resight.datasets._text import lines
from resight.errors import BadData, DataMissing
from resight.types import Box

KINDS = ("query", "good", "ok", "junk")


@dataclass(frozen=True)
class Edition:
    """What differs between the two sets.

    `photos` and `truths`: folders of the root in which they may lie. `prefix` stands before a query's photo;
    `left_out` are photos that count as absent; `counts`: how many photos were published.
    """

    name: str
    photos: tuple[tuple[str, ...], ...]
    truths: tuple[str, ...]
    counts: tuple[int, ...]
    remark: str
    prefix: str = ""
    left_out: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Asked:
    """A query as its four files say it, photos by their names."""

    name: str
    photo: str
    box: Box
    right: frozenset[str]
    junk: frozenset[str]


def buildings(edition: Edition, root: Path, queries: str) -> Dataset:
    """All photos of the set, in the order of their names, and its queries, cropped or not."""
    crop = _corners.crops(edition.name, queries)
    found = photos_by_name(edition.name, root, edition.photos)
    paths = {name: path for name, path in found.items() if name not in edition.left_out}
    asked = _asked(edition, _folder(edition, root))
    needed = (name for each in asked for name in {each.photo} | each.right | each.junk)
    must_be_here(edition.name, needed, paths, root)
    numbers = {name: number for number, name in enumerate(paths)}
    return Dataset(
        edition.name, root, tuple(paths.values()), np.arange(len(paths)),
        tuple(_question(each, numbers, crop) for each in asked), ("map-trapezoid",),
        f"{len(asked)} queries {_corners.how(crop)}; good and ok are right, junk does not count, a query's "
        f"own photo stays in its ranking; {edition.remark}",
        keeps_query=True,
        caveats=(
            *partial("photos", len(paths), *edition.counts), *partial("queries", len(asked), 55),
            *_corners.list_caveats(crop),
        ),
    )  # fmt: skip


def _question(asked: Asked, numbers: Mapping[str, int], crop: bool) -> BenchmarkQuery:
    right, junk = (
        np.array(sorted(numbers[name] for name in names), np.int64) for names in (asked.right, asked.junk)
    )
    box = asked.box if crop else None
    return BenchmarkQuery(numbers[asked.photo], {"": Truth(right, junk)}, box, asked.name)


def _folder(edition: Edition, root: Path) -> Path:
    for name in edition.truths:
        if any((root / name).glob("[!.]*_query.txt")):
            return root / name
    looked = ", ".join(str(root / name) for name in edition.truths)
    raise DataMissing(
        f"There are no files of truth (*_query.txt) in {looked}: `resight data {edition.name}` tells where "
        "to get them."
    )


def _asked(edition: Edition, folder: Path) -> list[Asked]:
    """Each query that any of its four files names: one that lacks another file is an error."""
    found = (path.name.rpartition("_") for kind in KINDS for path in folder.glob(f"[!.]*_{kind}.txt"))
    return [_read(edition, folder, name) for name in sorted({name for name, _, _ in found})]


def _read(edition: Edition, folder: Path, name: str) -> Asked:
    photo, box = _query(edition, folder / f"{name}_query.txt")
    lists = {
        kind: frozenset(
            check_name(line, str(path)) for line in _lines(edition, path) if line not in edition.left_out
        )
        for kind in KINDS[1:]
        for path in [folder / f"{name}_{kind}.txt"]
    }
    right = lists["good"] | lists["ok"]
    both = sorted(right & lists["junk"])
    if both:
        raise BadData(f"The truth of {name} in {folder} says that '{both[0]}' is right, and that it is junk.")
    if not right:
        raise BadData(
            f"The truth of {name} in {folder} has nothing to find: its lists good and ok are both empty. Get "
            "them from their makers again."
        )
    return Asked(name, photo, box, right, lists["junk"])


def _query(edition: Edition, path: Path) -> tuple[str, Box]:
    lines = _lines(edition, path)
    words = lines[0].split() if len(lines) == 1 else []
    if len(words) != 5:
        raise BadData(f"{path} should hold one line: the name of a photo and x1 y1 x2 y2.")
    photo = check_name(words[0].removeprefix(edition.prefix), str(path))
    return photo, _corners.corners(words[1:], str(path))


def _lines(edition: Edition, path: Path) -> list[str]:
    told = f"`resight data {edition.name}` tells where to get it."
    return [text for _, text in lines(path, told)]
