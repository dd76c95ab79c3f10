"""The photos in a folder: every file with a known image suffix, each real folder once."""

from __future__ import annotations

import errno
import heapq
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from resight.images.excluding import Excluded
from resight.images.headers import SUFFIXES
from resight.images.system_folders import is_system_folder

GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)  # also a link to nowhere, and one to itself

Photo = tuple[str, "os.DirEntry[str]"]
Identity = tuple[int, int]


@dataclass
class Walk:
    """Iterate for (relative path, directory entry) of each photo; the counts are right afterwards.

    Hidden folders and files, `leave_out` (the gallery itself), folders of thumbnails and deleted files
    (`system_folders` of them) and what `exclude` names (`excluded` of them) are passed over.

    Links to folders are followed, but no folder is entered twice, so a loop of links ends. A folder goes by
    its own path where that is below `root`; by the path of a link, the first in order, only where it is not.

    `unreadable` says of folders and files that could not be looked at why not: they, and what lies in them,
    are not known to be gone. `mounts` are the folders on another drive than the folder they are in, `empty`
    those that hold nothing at all. No photo is opened or asked for its status. Raises OSError where `root`
    itself cannot be read.
    """

    root: Path
    leave_out: Path | None = None
    exclude: Excluded = field(default_factory=Excluded)
    skipped: int = 0
    system_folders: int = 0
    excluded: int = 0
    unreadable: dict[str, str] = field(default_factory=dict)
    mounts: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Photo]:
        root = os.stat(self.root)
        seen = {_identity(root), *self._left_out()}
        folders, links = [("", root.st_dev)], list[tuple[str, int]]()
        while folders or links:
            # links last: what they lead to may be found under its own path until then
            folder, outer = folders.pop() if folders else heapq.heappop(links)
            drive = self._enter(folder, outer, seen) if folder else outer
            if drive is None:
                continue
            inside = []
            for entry in self._entries(folder):
                relative = f"{folder}/{entry.name}" if folder else entry.name
                kind = None if self._is_passed_over(entry, relative) else self._kind(entry, relative)
                if kind == "photo":
                    yield relative, entry
                elif kind == "link":
                    heapq.heappush(links, (relative, drive))
                elif kind == "folder":
                    inside.append((relative, drive))
            folders += reversed(inside)

    def could_not_look(self, relative: str, error: OSError) -> None:
        """Count what is gone as skipped, and remember why anything else could not be looked at."""
        if error.errno in GONE:
            self.skipped += 1
        else:
            self.unreadable[relative] = error.strerror or str(error)

    def _left_out(self) -> Iterator[Identity]:
        if self.leave_out is not None and os.path.exists(self.leave_out):
            yield _identity(os.stat(self.leave_out))

    def _enter(self, folder: str, outer: int, seen: set[Identity]) -> int | None:
        """The drive that a folder is on, `outer` being that of the one it is in; None: it is not entered."""
        try:
            status = os.stat(self.root / folder)
        except OSError as error:
            self.could_not_look(folder, error)
            return None
        if _identity(status) in seen:
            return None
        seen.add(_identity(status))
        if status.st_dev != outer:
            self.mounts.append(folder)
        return status.st_dev

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.root / folder) as entries:
                found = list(entries)
        except OSError as error:
            if not folder:
                raise
            self.unreadable[folder] = error.strerror or str(error)
            return []
        if folder and not found:
            self.empty.append(folder)
        return sorted(found, key=lambda entry: entry.name)

    def _is_passed_over(self, entry: os.DirEntry[str], relative: str) -> bool:
        if not _is_photo(entry) and is_system_folder(relative) and _is_folder(entry):
            self.system_folders += 1
            return True
        if entry.name.startswith("."):
            return True
        if self.exclude.matches(relative) and (_is_photo(entry) or _is_folder(entry)):
            self.excluded += 1
            return True
        return False

    def _kind(self, entry: os.DirEntry[str], relative: str) -> str | None:
        """`photo`, `folder`, or `link` to a folder; None for anything else, which is counted."""
        try:
            if entry.is_dir():
                return "link" if entry.is_symlink() else "folder"
        except OSError as error:
            self.could_not_look(relative, error)
            return None
        if _is_photo(entry):
            return "photo"
        self.skipped += 1
        return None


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # where its kind is asked for, it is found to be unreadable
        return False


def _is_photo(entry: os.DirEntry[str]) -> bool:
    return os.path.splitext(entry.name)[1].lower() in SUFFIXES


def _identity(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino
