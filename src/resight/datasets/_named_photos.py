"""The photos that a file of truth names by their paths, in whichever folder of the set they were unpacked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from resight.datasets._listing import must_be_present, present
from resight.datasets._spelling import Spelling
from resight.errors import BadData


def place_photos(root: Path, folders: Sequence[str], named: Sequence[str], table: Path) -> tuple[str, ...]:
    """(N,) paths as `table` names them -> (N,) paths relative to `root`, in the same order.

    They lie below the first of `folders` ("" is the root itself) that holds any of them. Raises DataMissing
    unless it holds all; BadData for a path that leads out of the set, and for a photo that is named twice.
    """
    tried: tuple[str, ...] = ()
    for folder in folders:
        paths = _spell(root, folder, named, table)
        here = present(root, paths)
        if here.all():
            return paths
        tried = tried or paths
        if here.any():
            tried = paths
            break
    must_be_present(root, tried, table.name)
    return tried


def first_file(root: Path, choices: Sequence[str]) -> Path:
    """The first of several paths at which a file lies; the first of all if none does."""
    return next((root / choice for choice in choices if (root / choice).is_file()), root / choices[0])


def _spell(root: Path, folder: str, named: Sequence[str], table: Path) -> tuple[str, ...]:
    spelling = Spelling(root / folder)
    paths: dict[str, None] = {}
    for name in named:
        clean = spelling.of(name)
        if clean is None:
            raise BadData(f"{table}: '{name}' leads out of the folder of the set; get the file again.")
        path = f"{folder}/{clean}" if folder else clean
        if path in paths:
            raise BadData(f"{table} names the photo '{name}' twice; get the file again.")
        paths[path] = None
    return tuple(paths)
