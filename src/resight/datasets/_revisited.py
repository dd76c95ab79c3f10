"""The truth of ROxford5k and RParis6k: a pickle of names and, for each query, of photos by difficulty."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from resight.dataset import BenchmarkQuery, Dataset, Numbers, Truth
from resight.datasets import _corners
from resight.datasets._photos_by_name import check_name, must_be_here, partial, photos_by_name
from resight.errors import BadData, DataMissing
from resight.plain_pickles import reading as _pickles

DIFFICULTIES = ("easy", "hard", "junk")
MEASURES = ("map-trapezoid", "mp@1", "mp@5", "mp@10")


def revisited(
    name: str, root: Path, choices: tuple[tuple[str, ...], ...], queries: str, count: int
) -> Dataset:
    """The photos that are searched, as the pickle lists them, then those of the queries.

    `choices`: folders in which photos may lie; `count`: how many that are searched were published.
    """
    crop = _corners.crops(name, queries)
    searched, asked, truths = _read(name, root)
    paths = photos_by_name(name, root, choices)
    named = {searched[number] for truth in truths for kind in DIFFICULTIES for number in truth[kind]}
    must_be_here(name, named | set(asked), paths, root)
    kept = [each for each in searched if each in paths]
    numbers = {each: number for number, each in enumerate(kept)}
    moved = np.array([numbers.get(each, -1) for each in searched], np.int64)
    return Dataset(
        name, root, tuple(paths[each] for each in (*kept, *asked)), np.arange(len(kept)),
        tuple(
            BenchmarkQuery(
                len(kept) + place, _protocols({kind: moved[truth[kind]] for kind in DIFFICULTIES}),
                truth["box"] if crop else None,
                asked[place],
            )
            for place, truth in enumerate(truths)
        ),
        MEASURES,
        f"{len(asked)} queries {_corners.how(crop)}, which are not among "
        "the photos searched; easy, medium and hard (Radenovic et al. 2018); AP by the trapezoid",
        caveats=(
            *partial("photos", len(kept), count), *partial("queries", len(asked), 70),
            *_corners.list_caveats(crop),
        ),
    )  # fmt: skip


def _protocols(truth: Mapping[str, Numbers]) -> dict[str, Truth]:
    easy, hard, junk = (truth[kind] for kind in DIFFICULTIES)
    return {
        "easy": Truth(easy, np.union1d(junk, hard)),
        "medium": Truth(np.union1d(easy, hard), junk),
        "hard": Truth(hard, np.union1d(junk, easy)),
    }


def _read(name: str, root: Path) -> tuple[list[str], list[str], list[dict[str, Any]]]:
    table = root / f"gnd_{name}.pkl"
    if not table.is_file():
        raise DataMissing(f"There is no file {table}: `resight data {name}` tells where to get it.")
    try:
        content = _pickles.read(table)
    except OSError as error:
        raise BadData(f"{table} cannot be read: {error.strerror}.") from None
    keys = ("imlist", "qimlist", "gnd")
    lists: list[Any] = [content.get(key) for key in keys] if isinstance(content, dict) else []
    if not lists or not all(isinstance(each, list | tuple) for each in lists):
        raise BadData(f"{table} should hold the lists imlist, qimlist and gnd.")
    searched, asked = ([check_name(each, str(table)) for each in names] for names in lists[:2])
    if len(set(searched) | set(asked)) < len(searched) + len(asked):
        raise BadData(f"{table} names a photo twice: a query is not among the photos searched.")
    if len(asked) != len(lists[2]):
        raise BadData(f"{table} has {len(asked)} queries, but the truth of {len(lists[2])}.")
    truths = [_truth(each, len(searched), f"{table}, query {asked[i]}") for i, each in enumerate(lists[2])]
    return searched, asked, truths


def _truth(entry: Any, count: int, where: str) -> dict[str, Any]:
    if not isinstance(entry, dict) or not {"bbx", *DIFFICULTIES} <= entry.keys():
        raise BadData(f"{where}: the truth should say bbx, easy, hard and junk.")
    truth = {kind: _numbers(entry[kind], count, f"{where}, {kind}") for kind in DIFFICULTIES}
    together = np.concatenate(list(truth.values()))
    if len(np.unique(together)) < len(together):
        raise BadData(f"{where}: a photo is named twice among easy, hard and junk.")
    if not len(truth["easy"]) and not len(truth["hard"]):
        raise BadData(f"{where}: there is nothing to find, neither easy nor hard; get the file again.")
    return {**truth, "box": _corners.corners(entry["bbx"], where)}


def _numbers(values: Any, count: int, where: str) -> Numbers:
    try:
        numbers = np.asarray(values)
    except ValueError:  # lists of different lengths
        numbers = np.empty((1, 1))
    if not numbers.size:
        return np.empty(0, np.int64)
    if numbers.ndim != 1 or numbers.dtype.kind not in "iu":
        raise BadData(f"{where}: these should be whole numbers of photos.")
    if numbers.min() < 0 or numbers.max() >= count:
        raise BadData(f"{where}: the {count} photos have numbers from 0, and here are others.")
    return np.sort(numbers).astype(np.int64)
