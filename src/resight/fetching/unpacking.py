"""Unpacks a tar or zip that may be hostile: into its own folder, plain files only, within limits.

Every member is looked at before the first is written.
"""

from __future__ import annotations

import gzip
import lzma
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from resight.errors import FetchFailed

SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")
MOST_FILES = 5_000_000
MOST_GROWTH = 100  # times the size of the archive; photos hardly shrink, a bomb grows by a thousand
GROWTH_FROM = 1 << 30  # bytes that any archive may hold
BLOCK = 1 << 20
DAMAGE = (
    tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, lzma.LZMAError, EOFError,
    RuntimeError,
)  # fmt: skip
Open = Callable[[], "IO[bytes] | None"]


@dataclass(frozen=True)
class Member:
    """A file of an archive: its name, its size in bytes, and how to read it."""

    name: str
    size: int
    open: Open


def is_archive(name: str) -> bool:
    """Whether a file is one that is unpacked."""
    return name.lower().endswith(SUFFIXES)


def unpack(archive: Path, folder: Path, begin: Callable[[int], None], seen: Callable[[int], None]) -> int:
    """Write the files of an archive below `folder`; how many.

    `begin` is told how many bytes there will be, `seen` of bytes as they are written, and of 0 for each file
    that is looked at: what it raises stops the work.

    FetchFailed, before anything is written, for a member that is no plain file or folder or leads out of
    the folder, for too many or too much, and for a disk with too little room.
    """
    try:
        with _members(archive) as members:
            count, size = _look(archive, members(), seen)
        free = shutil.disk_usage(folder).free
        if size > free:
            raise FetchFailed(f"{archive} needs {size:,} bytes when unpacked, and the disk has {free:,}.")
        begin(size)
        with _members(archive) as members:
            for member in members():
                _write(member, folder / PurePosixPath(member.name), seen)
    except DAMAGE as error:
        raise FetchFailed(f"{archive} is damaged and cannot be unpacked: {error}.") from None
    return count


def _look(archive: Path, members: Iterator[Member], seen: Callable[[int], None]) -> tuple[int, int]:
    """How many files, and their bytes; FetchFailed if that is too much or a name leads out."""
    most = max(GROWTH_FROM, MOST_GROWTH * archive.stat().st_size)
    count = size = 0
    for member in members:
        seen(0)
        count, size = count + 1, size + member.size
        if count > MOST_FILES or size > most:
            raise FetchFailed(f"{archive} holds more than a data set would; it was not unpacked.")
        parts = PurePosixPath(member.name).parts
        bad = "\\" in member.name or "\0" in member.name or ":" in (parts or (":",))[0]
        if bad or ".." in parts or member.name.startswith("/"):
            raise FetchFailed(
                f"{archive} has a file '{member.name}' outside of its folder; it was not unpacked."
            )
    return count, size


@contextmanager
def _members(archive: Path) -> Iterator[Callable[[], Iterator[Member]]]:
    if archive.name.lower().endswith(".zip"):
        with zipfile.ZipFile(archive) as opened:
            yield lambda: _zipped(archive, opened)
    else:
        with tarfile.open(archive) as tar:
            yield lambda: _tarred(archive, tar)


def _tarred(archive: Path, tar: tarfile.TarFile) -> Iterator[Member]:
    while each := tar.next():
        tar.members = []  # type: ignore[attr-defined]  # else it keeps all of a million
        if not (each.isreg() or each.isdir()):
            raise FetchFailed(f"{archive} has '{each.name}', a link or device; it was not unpacked.")
        if each.isreg():
            yield Member(each.name, each.size, lambda each=each: tar.extractfile(each))  # type: ignore[misc]
    while tar.fileobj and tar.fileobj.read(BLOCK):  # gzip checks what it gave at the end of its file
        pass


def _zipped(archive: Path, opened: zipfile.ZipFile) -> Iterator[Member]:
    for each in opened.infolist():
        kind = stat.S_IFMT(each.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise FetchFailed(f"{archive} has '{each.filename}', a link or device; it was not unpacked.")
        if not each.is_dir():
            yield Member(each.filename, each.file_size, lambda each=each: opened.open(each))  # type: ignore[misc]


def _write(member: Member, path: Path, seen: Callable[[int], None]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = (
        os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    )  # a link that lies there is not written through
    source = member.open()
    assert source is not None  # only plain files get here
    with source, os.fdopen(os.open(path, flags, 0o644), "wb") as file:
        while block := source.read(BLOCK):
            file.write(block)
            seen(len(block))
