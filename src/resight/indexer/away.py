"""Parts of the folder that are away: a drive that is not mounted leaves an empty folder, or none at all."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from resight.gallery import Writer
from resight.gallery.catalogue import MISSING
from resight.indexer.excluding import folders_of
from resight.indexer.walk import Walk

MANY = 50  # photos; fewer are described again in seconds, if they were on a drive after all


def find_away(writer: Writer, root: Path, walk: Walk, vanished: Iterable[str]) -> dict[str, list[str]]:
    """Folders that are likelier away than emptied, with the vanished files in each.

    A folder is away where a drive was mounted there at the last update (or a link led to one), none is now,
    and it is empty or not there; or where it is empty, without even a hidden file, and had many photos.
    """
    drives = {folder for folder in _recorded(writer) if _is_away(root, walk, folder)}
    bare = drives | set(walk.empty)
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in vanished:
        folder = next((folder for folder in folders_of(path) if folder in bare), None)
        if folder is not None:
            found[folder].append(path)
    return {folder: files for folder, files in found.items() if folder in drives or len(files) >= MANY}


def record_drives(writer: Writer, root: Path, walk: Walk, prune: bool) -> None:
    """Keep where drives are mounted in the folder, and where those are that are away, for the next update."""
    before = _recorded(writer)
    away = [] if prune else [folder for folder in before if _is_away(root, walk, folder)]
    now = sorted({*walk.mounts, *away})
    if now != before:
        writer.remember("mounts", json.dumps(now))


def _is_away(root: Path, walk: Walk, folder: str) -> bool:
    if folder in walk.mounts:
        return False
    try:
        return not os.listdir(root / folder)
    except OSError as error:
        return error.errno in MISSING


def _recorded(writer: Writer) -> list[str]:
    return list(json.loads(writer.fact("mounts", "[]")))
