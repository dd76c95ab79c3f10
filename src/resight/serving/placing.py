"""A new file below the folder of photos: written whole, never over another, never by way of a link."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from resight.errors import StorageFailed
from resight.images import SUFFIXES
from resight.serving.problems import Problem

LONGEST = 255  # bytes of one name
DEEPEST = 32  # folders
UNSEEN = re.compile(r"[\x00-\x1f\x7f\\]")


def check_name(relative: str) -> PurePosixPath:
    """A path below the folder of photos, as `new/photo.jpg`; raises Problem for any other."""
    path = PurePosixPath(relative)
    plain = str(path) == relative and not path.is_absolute() and len(path.parts) <= DEEPEST
    if not plain or not all(map(_is_plain, path.parts)):
        raise Problem(
            422, "'path' is a path below the folder of photos, as new/photo.jpg; no name begins with a dot."
        )
    if path.suffix.lower() not in SUFFIXES:
        raise Problem(422, f"'path' must end as a photo's name does, such as .jpg; not '{path.suffix}'.")
    return path


def place_new(root: Path, path: PurePosixPath, data: bytes) -> None:
    """Write a new file, and sync it; raises Problem where there is one, and StorageFailed."""
    with _folder(root, path.parts[:-1]) as folder:
        unfinished = f".{secrets.token_hex(8)}.unfinished"
        try:
            _write(folder, unfinished, data)
            os.link(unfinished, path.name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        except FileExistsError:
            raise Problem(409, "There is such a file already: give it another name.") from None
        except OSError as error:
            raise _failed(error) from None
        finally:
            with contextlib.suppress(OSError):
                os.unlink(unfinished, dir_fd=folder)
        os.fsync(folder)


def take_back(root: Path, path: PurePosixPath) -> None:
    """Delete a file that was placed, but is not in the gallery."""
    with contextlib.suppress(OSError, Problem, StorageFailed), _folder(root, path.parts[:-1]) as folder:
        os.unlink(path.name, dir_fd=folder)


def _is_plain(name: str) -> bool:
    return not name.startswith(".") and len(os.fsencode(name)) <= LONGEST and not UNSEEN.search(name)


def _write(folder: int, name: str, data: bytes) -> None:
    file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666, dir_fd=folder)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(file, view) :]
        os.fsync(file)
    finally:
        os.close(file)


@contextlib.contextmanager
def _folder(root: Path, names: tuple[str, ...]) -> Iterator[int]:
    """A folder below the root, made if need be, entered name by name: a link among them is refused."""
    flags = os.O_RDONLY | os.O_DIRECTORY
    try:
        folder = os.open(root, flags)
    except OSError as error:
        raise _failed(error) from None
    try:
        for name in names:
            try:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, dir_fd=folder)
                    os.fsync(folder)
                inner = os.open(name, flags | os.O_NOFOLLOW, dir_fd=folder)
            except OSError as error:
                raise _failed(error) from None
            folder, outer = inner, folder
            os.close(outer)
        yield folder
    finally:
        os.close(folder)


def _failed(error: OSError) -> Exception:
    if error.errno in (errno.ENOTDIR, errno.ELOOP):
        return Problem(422, "'path' leads over a file or a link: name a folder of its own.")
    return StorageFailed(f"The photo could not be stored ({error.strerror}); nothing committed is lost.")
