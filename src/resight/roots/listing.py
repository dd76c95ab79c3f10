"""The photos below an address: every object with a known image suffix, listed page by page."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from resight.errors import BadQuery
from resight.images import SUFFIXES
from resight.images.excluding import Excluded, folders_of
from resight.images.system_folders import is_system_folder

Found = tuple[str, int, int]
"""Relative path, size in bytes, and time of change in ns; of an object a number made of its ETag."""

TAGS = ("ETag", "etag", "md5Hash", "md5", "generation")
TIMES = ("LastModified", "last_modified", "updated", "mtime", "modified", "created")


@dataclass
class Listing:
    """Iterate for what a walk finds in a folder; the counts are right afterwards.

    What begins with a dot, folders of thumbnails and deleted files, and what `exclude` names are passed over,
    as in a folder. `entries` come sorted by their names.
    """

    entries: Iterable[Found]
    exclude: Excluded = field(default_factory=Excluded)
    skipped: int = 0
    system_folders: int = 0
    excluded: int = 0
    unreadable: dict[str, str] = field(default_factory=dict)
    _inside: tuple[str, bool] = ("", False)
    _counted: str = ""

    def __iter__(self) -> Iterator[Found]:
        for relative, size, version in self.entries:
            folder, _, name = relative.rpartition("/")
            if not name:  # a marker that some programs put where a folder would be
                continue
            if folder != self._inside[0]:
                self._inside = folder, self._is_passed_over(folder)
            if self._inside[1] or name.startswith("."):
                continue
            if PurePosixPath(name).suffix.lower() not in SUFFIXES:
                self.skipped += 1
            elif self.exclude.matches(relative):
                self.excluded += 1
            else:
                yield relative, size, version

    def _is_passed_over(self, folder: str) -> bool:
        """Whether a folder is, for itself or for one that it is in, which is counted once."""
        for each in folders_of(f"{folder}/"):
            system = is_system_folder(each)
            if system or self.exclude.matches(each):
                if each != self._counted:
                    self._counted = each
                    self.system_folders += system
                    self.excluded += not system
                return True
            if each.rpartition("/")[2].startswith("."):
                return True
        return False


def found_in(files: Any, path: str) -> Iterator[Found]:
    """The objects below a path of an fsspec file system, sorted by name; raises what that raises."""
    if hasattr(files, "call_s3"):
        return _pages_of_s3(files, path)
    return _all_at_once(files, path)


def holds_any(files: Any, path: str) -> bool:
    """Whether any object is below a path; raises what the file system raises."""
    if hasattr(files, "call_s3"):  # an object of the folder's own name would be in the way of `info`
        return next(_pages_of_s3(files, path), None) is not None
    return bool(files.info(path)["type"] == "directory")


def version_of(about: Mapping[str, Any]) -> int:
    """A number of 63 bits made of an object's tag, else of its time of change: another one after a change."""
    for key in (*TAGS, *TIMES):
        if about.get(key):
            told = str(about[key]).strip('"')
            return int.from_bytes(hashlib.sha256(told.encode()).digest()[:8], "big") >> 1
    return 0


def _pages_of_s3(files: Any, path: str) -> Iterator[Found]:
    """A thousand at a time: what fsspec's own `find` gives is a dictionary of all."""
    bucket, folder, _ = files.split_path(path)
    prefix = f"{folder.rstrip('/')}/" if folder else ""
    more: dict[str, str] = {}
    while True:
        page = files.call_s3("list_objects_v2", Bucket=bucket, Prefix=prefix, **more)
        for each in page.get("Contents", ()):
            yield each["Key"][len(prefix) :], each["Size"], version_of(each)
        if not page.get("IsTruncated"):
            return
        more = {"ContinuationToken": page["NextContinuationToken"]}


def _all_at_once(files: Any, path: str) -> Iterator[Found]:
    files.invalidate_cache()
    listed = files.find(path, detail=True)
    files.invalidate_cache()  # what is asked for later is asked for anew
    for name, about in sorted(listed.items()):
        if about["size"] is None:
            raise BadQuery(
                "The server lists no sizes, so changes could not be told: it is no object storage."
            )
        yield name[len(path) :].lstrip("/"), about["size"], version_of(about)
