"""The photos in a folder: every file with a known image suffix, each real folder once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from resight.images import SUFFIXES

Found = tuple[str, int, int]


@dataclass
class Walk:
    """Iterate for (relative path, size in bytes, time of change in ns); the counts are right afterwards.

    Hidden folders and files and `leave_out` (the gallery itself) are passed over. Links to folders are
    followed, but no folder is entered twice, so a loop of links ends. `unreadable` are the relative paths
    of folders that could not be listed: what lies in them is not known to be gone.
    """

    root: Path
    leave_out: Path
    skipped: int = 0
    unreadable: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Found]:
        status = os.stat(self.root)
        seen = {(status.st_dev, status.st_ino)}
        folders = [""]
        while folders:
            folder = folders.pop()
            inside = []
            for entry in self._entries(folder):
                relative = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_dir():
                    if self._enter(entry, seen):
                        inside.append(relative)
                elif os.path.splitext(entry.name)[1].lower() in SUFFIXES:
                    yield from self._file(entry, relative)
                else:
                    self.skipped += 1
            folders += sorted(inside, reverse=True)

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.root / folder) as entries:
                found = [entry for entry in entries if not entry.name.startswith(".")]
        except OSError:
            if not folder:
                raise
            self.unreadable.append(folder)
            return []
        return sorted(found, key=lambda entry: entry.name)

    def _enter(self, entry: os.DirEntry[str], seen: set[tuple[int, int]]) -> bool:
        try:
            status = entry.stat()
        except OSError:
            return False
        key = (status.st_dev, status.st_ino)
        if key in seen or os.path.realpath(entry.path) == os.path.realpath(self.leave_out):
            return False
        seen.add(key)
        return True

    def _file(self, entry: os.DirEntry[str], relative: str) -> Iterator[Found]:
        try:
            status = entry.stat()
        except OSError:  # a link to nowhere, or gone since the folder was listed: there is no file
            self.skipped += 1
            return
        yield relative, status.st_size, status.st_mtime_ns
