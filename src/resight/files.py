"""Files that are written whole, and the one folder for what may be made again."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path

from resight.errors import StorageFailed

CACHE = "XDG_CACHE_HOME"
UNFINISHED = ".unfinished"  # the ending of a file that is being written; a kill leaves it behind
LONGEST = 50  # characters of the name that its unfinished file bears: a file system takes 255 bytes


def write_at(file: int, data: bytes, offset: int) -> None:
    """Write all of the bytes into an open file, at an offset; raises OSError."""
    view = memoryview(data)
    while view:
        written = os.pwrite(file, view, offset)
        view, offset = view[written:], offset + written


def write_whole(
    target: Path,
    pieces: Iterable[bytes],
    *,
    write: Callable[[int, bytes, int], None] = write_at,
    sync: Callable[[int], None] | None = None,
    rename: Callable[[Path, Path], object] = os.replace,
) -> None:
    """Write the pieces of a file under another name, then rename it: no reader ever sees half of it.

    A link stays, and the file that it points to is replaced. `sync`, such as `os.fsync`, is called with the
    open file before it is renamed. Where a piece cannot be made or written, nothing is left behind, and the
    error goes on: OSError for one of the disk's.
    """
    target = Path(os.path.realpath(target))
    file, unfinished = _create_beside(target)
    try:
        try:
            offset = 0
            for piece in pieces:
                write(file, piece, offset)
                offset += len(piece)
            if sync:
                sync(file)
        finally:
            os.close(file)
        rename(unfinished, target)
    except BaseException:
        with contextlib.suppress(OSError):  # the error that is told is the first one
            unfinished.unlink()
        raise


def _create_beside(target: Path) -> tuple[int, Path]:
    """A new empty file, open, and its path; its permissions are those of any new file."""
    while True:
        path = target.with_name(f"{target.name[:LONGEST]}.{secrets.token_hex(4)}{UNFINISHED}")
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666), path
        except FileExistsError:
            continue


def cache_folder() -> Path:
    """The folder of all that Resight may make again: `XDG_CACHE_HOME`, else `~/.cache`, then `resight`.

    It need not exist yet. Raises StorageFailed where the variable is not set and there is no home folder.
    """
    if named := os.environ.get(CACHE):
        return Path(named) / "resight"
    try:
        home = Path.home()
    except RuntimeError:
        home = None
    if home is None or not home.is_dir():
        raise StorageFailed(
            f"There is no home folder{f' ({home})' if home else ''} to keep a cache in: "
            f"name a folder in {CACHE}."
        )
    return home / ".cache" / "resight"
