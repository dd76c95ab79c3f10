"""What one run of `index` came to, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Report:
    """What one run of `index` did: counts of files, and the folders and files that could not be read.

    `local_features`: of how many photos they were stored. `recipe`: the name of the gallery's. `exclude`: the
    globs in force; so many `excluded` files and folders were passed over for them, and so many
    `system_folders` as folders of thumbnails or deleted files. `away`: folders of drives that are not there,
    with the number of files in each, which stay as they were. `warnings`:
    how many of the photos that were described now carry each warning, such as "damaged". `left`: files that
    shards are to describe.
    """

    gallery: Path
    recipe: str
    photos: int = 0
    described: int = 0
    same: int = 0
    moved: int = 0
    vanished: int = 0
    unchanged: int = 0
    failed: int = 0
    skipped: int = 0
    system_folders: int = 0
    excluded: int = 0
    exclude: tuple[str, ...] = ()
    away: Mapping[str, int] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()
    fitted: str = ""
    local_features: int = 0
    interrupted: bool = False
    warnings: dict[str, int] = field(default_factory=dict)
    left: int = 0
