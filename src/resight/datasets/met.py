"""The Met. Ypsilantis, Garcia, Han, Ibrahimi, van Noord and Tolias, NeurIPS Datasets and Benchmarks 2021.

`MET_database.json` is a list of photos of exhibits, each with `id` (of the exhibit) and `path`; there is a
smaller one, `mini_MET_database.json`. `testset.json` and `valset.json` are lists of queries, each with `path`
and, if visitors of the museum took it of an exhibit, `MET_id`. Paths are relative to the folder `images`.

The paper classifies: its first measure, GAP, ranks the answers to all queries by their confidence, those of
queries that show no exhibit as errors. A retrieval protocol compares no two queries. So only queries with a
`MET_id` are asked. Their R@1 is the paper's accuracy: its k nearest neighbours vote by the nearest photo of
each exhibit, so the exhibit of the very nearest wins, whatever k is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from resight.dataset import BenchmarkQuery, Dataset, Numbers, Truth
from resight.datasets._leave_one_out import members
from resight.datasets._named_photos import first_file, place_photos
from resight.datasets._photos_by_name import partial
from resight.errors import BadData, BadSetting, DataMissing
from resight.fetching.sources import Source

HOME = "http://ptak.felk.cvut.cz/met/dataset"
NEEDED = (
    Source("ground_truth/ground_truth.tar.gz", f"{HOME}/ground_truth.tar.gz", "the four lists"),
    Source("images/MET.tar.gz", f"{HOME}/MET.tar.gz", "photos of all exhibits, about 28 GB"),
    Source("images/small_MET.tar.gz", f"{HOME}/small_MET.tar.gz", "photos of the mini database"),
    Source("images/test_met.tar.gz", f"{HOME}/test_met.tar.gz", "queries that show an exhibit"),
    Source("images/test_other.tar.gz", f"{HOME}/test_other.tar.gz", "queries of other art; not asked"),
    Source("images/test_noart.tar.gz", f"{HOME}/test_noart.tar.gz", "queries without art; not asked"),
)
ABOUT = (
    "397,121 photos of 224,408 exhibits of the Metropolitan Museum of Art in New York, and photos of its "
    "visitors as queries; see http://cmp.felk.cvut.cz/met."
)
TABLES = ("ground_truth", "ground_truth/ground_truth", "")
FOLDERS = ("images", "")
QUERIES = {"test": 1_003, "val": 129}  # that show an exhibit
DATABASE = {False: (397_121, 224_408), True: (38_307, 33_501)}  # photos, exhibits; True: mini


def met(root: Path, *, split: str = "test", mini: bool = False) -> Dataset:
    """`split`: "test" or "val", which queries; `mini`: search the smaller database."""
    if split not in QUERIES:
        raise BadSetting(f"'met' takes 'test' or 'val' for 'split', not '{split}'.")
    table = _table(root, "mini_MET_database.json" if mini else "MET_database.json")
    exhibits = _read(table, "id", needed=True)
    queries = _read(_table(root, f"{split}set.json"), "MET_id", needed=False)
    asked = {path: label for path, label in queries.items() if label}
    photos = place_photos(root, FOLDERS, (*exhibits, *asked), table)
    labels = tuple(exhibits.values())
    questions = _ask(photos, labels, tuple(asked.values()))
    if not questions:
        raise BadData(f"No query of {split}set.json shows an exhibit that {table} names; get both again.")
    return Dataset(
        "met", root, photos, np.arange(len(labels)), questions, ("r@1", "map"),
        f"{split} queries of exhibits, each among the photos of all exhibits{' of the mini set' * mini}",
        caveats=_tell(labels, mini, (len(asked), len(questions), len(queries)), QUERIES[split]),
        labels=(*labels, *asked.values()),
    )  # fmt: skip


def _ask(photos: Sequence[str], labels: Sequence[str], asked: Sequence[str]) -> tuple[BenchmarkQuery, ...]:
    """The queries stand behind the photos that are searched, in the order of `asked`, their exhibits."""
    groups: Mapping[str, Numbers] = members(labels)
    return tuple(
        BenchmarkQuery(number, {"": Truth(groups[label])}, name=photos[number])
        for number, label in enumerate(asked, len(labels))
        if label in groups
    )


def _tell(labels: Sequence[str], mini: bool, counts: tuple[int, int, int], published: int) -> tuple[str, ...]:
    """What is not by the protocol; `counts`: queries of exhibits, those with a photo to find, all queries."""
    exhibits, found, queries = counts
    photos, classes = DATABASE[mini]
    lost, others = exhibits - found, queries - exhibits
    return (
        "GAP, the paper's first measure, is not measured, as queries are not compared with each other",
        *((f"{others} queries that show no exhibit are not asked",) if others else ()),
        *((f"{lost} queries have nothing to find and are left out",) if lost else ()),
        *partial("photos of exhibits", len(labels), photos),
        *partial("exhibits", len(set(labels)), classes),
        *partial("queries of exhibits", exhibits, published),
    )


def _table(root: Path, name: str) -> Path:
    return first_file(root, [f"{folder}/{name}".lstrip("/") for folder in TABLES])


def _read(table: Path, key: str, *, needed: bool) -> dict[str, str]:
    """The exhibit of each photo by its path, "" for none, which is an error where it is `needed`."""
    try:
        entries: Any = json.loads(table.read_text(encoding="utf8"))
    except FileNotFoundError:
        raise DataMissing(f"There is no file {table}: `resight data met` tells where to get it.") from None
    except OSError as error:
        raise BadData(f"{table} cannot be read: {error.strerror}.") from None
    except ValueError as error:  # no JSON, or no UTF-8
        raise BadData(f"{table} is no JSON: {error}; get it again.") from None
    found: dict[str, str] = {}
    for entry in entries if isinstance(entries, list) else [None]:
        path = entry.get("path") if isinstance(entry, dict) else None
        exhibit = str(entry.get(key, "")) if isinstance(entry, dict) else ""
        if not isinstance(path, str) or not (exhibit.isdecimal() or (exhibit == "" and not needed)):
            raise BadData(f"{table} should be a list of photos with path and {key}, not {str(entry)[:80]}.")
        if path in found:
            raise BadData(f"{table} names the photo '{path}' twice; get the file again.")
        found[path] = exhibit
    return found
