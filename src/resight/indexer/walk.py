"""The photos in a folder: every file with a known image suffix, each real folder once."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from resight.errors import BadQuery
from resight.gallery.records import file_state
from resight.images import SUFFIXES
from resight.images.system_folders import is_system_folder
from resight.indexer.excluding import Excluded

Found = tuple[str, int, int]
GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)  # also a link to nowhere, and one to itself


@dataclass
class Walk:
    """Iterate for (relative path, size in bytes, time of change in ns); the counts are right afterwards.

    Hidden folders and files, `leave_out` (the gallery itself), folders of thumbnails and deleted files
    (`system_folders` of them) and what `exclude` names (`excluded` of them) are passed over. Links to folders
    are followed, but no folder is entered twice, so a loop of links ends. `unreadable` are the relative paths
    of folders and files that could not be looked at: they, and what lies in them, are not known to be gone.
    `mounts` are those of folders on another drive than the folder they are in, `empty` of those that hold
    nothing at all.
    """

    root: Path
    leave_out: Path
    exclude: Excluded = field(default_factory=Excluded)
    skipped: int = 0
    system_folders: int = 0
    excluded: int = 0
    unreadable: list[str] = field(default_factory=list)
    mounts: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Found]:
        root = os.stat(self.root)
        seen = {(root.st_dev, root.st_ino)}
        folders = [("", root.st_dev)]
        while folders:
            folder, drive = folders.pop()
            inside = []
            for entry in self._entries(folder):
                relative = f"{folder}/{entry.name}" if folder else entry.name
                status = None if self._is_passed_over(entry, relative) else self._status(entry, relative)
                if status is None:
                    continue
                if stat.S_ISDIR(status.st_mode):
                    if self._is_new(entry, status, seen):
                        inside.append((relative, status.st_dev))
                        if status.st_dev != drive:
                            self.mounts.append(relative)
                elif self._is_photo(entry):
                    yield relative, *file_state(status)
                else:
                    self.skipped += 1
            folders += sorted(inside, reverse=True)

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.root / folder) as entries:
                found = list(entries)
        except OSError as error:
            if not folder:
                raise BadQuery(f"The folder {self.root} cannot be read: {error.strerror}.") from None
            self.unreadable.append(folder)
            return []
        if folder and not found:
            self.empty.append(folder)
        return sorted(found, key=lambda entry: entry.name)

    def _is_passed_over(self, entry: os.DirEntry[str], relative: str) -> bool:
        if not self._is_photo(entry) and is_system_folder(relative) and self._is_folder(entry):
            self.system_folders += 1
            return True
        if entry.name.startswith("."):
            return True
        if self.exclude.matches(relative) and (self._is_photo(entry) or self._is_folder(entry)):
            self.excluded += 1
            return True
        return False

    def _is_folder(self, entry: os.DirEntry[str]) -> bool:
        try:
            return entry.is_dir()
        except OSError:  # where it is asked for its status, it is found to be unreadable
            return False

    def _status(self, entry: os.DirEntry[str], relative: str) -> os.stat_result | None:
        """None for what is not there, and for what cannot be looked at."""
        try:
            if not (self._is_photo(entry) or entry.is_symlink() or entry.is_dir()):
                self.skipped += 1
                return None
            return entry.stat()
        except OSError as error:
            if error.errno in GONE:
                self.skipped += 1
            else:
                self.unreadable.append(relative)
            return None

    def _is_photo(self, entry: os.DirEntry[str]) -> bool:
        return os.path.splitext(entry.name)[1].lower() in SUFFIXES

    def _is_new(self, entry: os.DirEntry[str], status: os.stat_result, seen: set[tuple[int, int]]) -> bool:
        key = (status.st_dev, status.st_ino)
        if key in seen or os.path.realpath(entry.path) == os.path.realpath(self.leave_out):
            return False
        seen.add(key)
        return True
