"""Parts of the folder that are away: a drive that is not mounted leaves an empty folder, or none at all."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from resight.gallery import Writer
from resight.images.excluding import folders_of
from resight.images.folder import Walk
from resight.roots.folder import MISSING

MANY = 50  # photos; fewer are described again in seconds, if they were on a drive after all


def find_away(writer: Writer, root: Path, walk: Walk, vanished: Iterable[str]) -> dict[str, list[str]]:
    """Folders that are likelier away than emptied, with the vanished files in each.

    A folder is away where a drive was mounted there at the last update (or a link led to one), none is now,
    and it is empty or not there; or where it is empty, without even a hidden file, and had many photos.
    """
    drives = {folder for folder in _read_drives(writer) if _look_at(root, walk, folder) == "away"}
    bare = drives | set(walk.empty)
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in vanished:
        folder = next((folder for folder in folders_of(path) if folder in bare), None)
        if folder is not None:
            found[folder].append(path)
    return {folder: files for folder, files in found.items() if folder in drives or len(files) >= MANY}


def record_drives(writer: Writer, root: Path, walk: Walk, prune: bool) -> None:
    """Keep for the next update where drives are mounted in the folder; `prune` forgets what is away."""
    before = _read_drives(writer)
    forgotten = ("folder", "away") if prune else ("folder",)
    known = {folder for folder in before if _look_at(root, walk, folder) not in forgotten}
    now = sorted({*walk.mounts, *known})
    if now != before:
        writer.remember("mounts", json.dumps(now))


def _look_at(root: Path, walk: Walk, place: str) -> Literal["drive", "away", "folder", "unknown"]:
    """What is now where a drive was; a folder that cannot be looked into may be either."""
    if place in walk.mounts:
        return "drive"
    try:
        return "folder" if os.listdir(root / place) else "away"
    except OSError as error:
        return "away" if error.errno in MISSING else "unknown"


def _read_drives(writer: Writer) -> list[str]:
    return list(json.loads(writer.catalogue.fact("mounts", "[]")))
