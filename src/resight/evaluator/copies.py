"""Queries that should find a copy of their own photo: the same picture in another encoding or size.

Any method finds such a copy, so a figure with many of them says little. The small pictures that tell them are
kept beside the descriptors.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from filelock import FileLock

from resight.dataset import BenchmarkQuery, Dataset
from resight.errors import BadImage
from resight.evaluator.candidates import Candidates, read
from resight.evaluator.workspace import unwritable_cache
from resight.gallery import Snapshot
from resight.images.likeness import COPY, SIDE, Small, difference, enough, small
from resight.processors import processors
from resight.progress import Progress, Stopped
from resight.ranking import Numbers
from resight.workers.threads import in_order

NAME = "small-1.bin"  # another name where a small picture is made otherwise
RECORD = np.dtype([("sha256", "u1", 32), ("turn", "<i4"), ("picture", "u1", (SIDE, SIDE, 3)), ("crc", "<u4")])
AT_ONCE = 1000  # photos between two writes
NOWHERE = np.empty(0, np.int64)

Key = tuple[bytes, int]


def find_copies(
    candidates: Candidates, opened: Snapshot, folder: Path, workers: int | None, progress: Progress
) -> Mapping[int, Numbers]:
    """The queries, by their place in the data set, and which of their right photos are copies of theirs.

    Whole photos are compared, with a box or not. `folder` keeps the small pictures. Raises Stopped, and
    StorageFailed.
    """
    data = candidates.data
    needed = np.zeros(len(data.photos), np.bool_)
    for question in data.questions:
        photos = _find_right(data, question)
        needed[photos] = True
        needed[question.photo] |= len(photos) > 0
    pictures, row = _pictures(candidates, opened, folder, np.flatnonzero(needed), workers, progress)
    found = {}
    for place, question in enumerate(data.questions):
        photos = _find_right(data, question)
        photos = photos[row[photos] >= 0]
        if row[question.photo] >= 0 and len(photos):
            near = difference(pictures[row[question.photo]], pictures[row[photos]]) <= COPY
            if near.any():
                found[place] = photos[near]
    return found


def _find_right(data: Dataset, question: BenchmarkQuery) -> Numbers:
    """What a query should find, by any of its protocols, besides its own photo."""
    every = [truth.positive for truth in question.truths.values()]
    found: Numbers = np.setdiff1d(np.concatenate([NOWHERE, *every]), [question.photo])
    return found


def _pictures(
    candidates: Candidates,
    opened: Snapshot,
    folder: Path,
    needed: Numbers,
    workers: int | None,
    progress: Progress,
) -> tuple[Small, Numbers]:
    """(N, SIDE, SIDE, 3) small pictures, and (photos,) which is whose, -1 where there is none."""
    stored = opened.catalogue.contents()
    keys: dict[int, Key] = {
        number: stored[int(candidates.image_of[number])]
        for number in needed.tolist()
        if candidates.image_of[number] >= 0
    }
    pictures, places = _read_pictures(folder / NAME)
    missing = {key: number for number, key in keys.items() if key not in places}
    if missing:
        progress.start("Looking for copies", len(missing))
        for made in _make_pictures(candidates.data, missing, workers, progress):
            _append(folder / NAME, made)
        if progress.stopping():
            raise Stopped
        pictures, places = _read_pictures(folder / NAME)
    row = np.full(len(candidates.data.photos), -1, np.int64)
    for number, key in keys.items():
        row[number] = places.get(key, -1)
    return pictures, row


def _make_pictures(
    data: Dataset, missing: Mapping[Key, int], workers: int | None, progress: Progress
) -> Iterator[dict[Key, Small]]:
    """Small pictures, some at a time, of photos by their numbers; none of what cannot be read now."""

    def one(number: int) -> Small | None:
        try:
            return small(read(data, number, enough))
        except BadImage:
            return None

    made: dict[Key, Small] = {}
    results = in_order(one, missing.values(), workers or processors(), progress.stopping)
    for key, picture in zip(missing, results, strict=False):  # fewer results where it is stopping
        progress.step()
        if picture is not None:
            made[key] = picture
        if len(made) == AT_ONCE:
            yield made
            made = {}
    yield made


def _read_pictures(path: Path) -> tuple[Small, dict[Key, int]]:
    """(N, SIDE, SIDE, 3) the pictures of the file, and the places of those that are what was written."""
    try:
        data = path.read_bytes()
    except OSError:
        data = b""
    records = np.frombuffer(data, RECORD, len(data) // RECORD.itemsize)
    places = {}
    for place, record in enumerate(records):
        key = record["sha256"].tobytes(), int(record["turn"])
        if record["crc"] == _crc(key, record["picture"]):
            places[key] = place
    return records["picture"], places


def _append(path: Path, made: Mapping[Key, Small]) -> None:
    if not made:
        return
    rows = [(np.frombuffer(key[0], np.uint8), key[1], each, _crc(key, each)) for key, each in made.items()]
    try:
        with FileLock(path.with_suffix(".lock")), path.open("ab") as file:
            whole = file.tell() - file.tell() % RECORD.itemsize
            file.truncate(whole)  # what a kill or a full disk has cut
            file.write(np.array(rows, RECORD).tobytes())
    except OSError as error:
        raise unwritable_cache(path, error) from None


def _crc(key: Key, picture: Small) -> int:
    return zlib.crc32(picture.tobytes(), zlib.crc32(key[0], key[1]))
