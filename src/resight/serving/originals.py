"""The bytes of an indexed photo, as they were indexed: another content under its name is never given away."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from resight.errors import BadImage
from resight.gallery.records import StoredImage
from resight.images.reading import FILE_LIMIT
from resight.roots import Folder, Root
from resight.serving.problems import Problem


def read_original(root: Root, image: StoredImage, names: Iterable[str] | None = None) -> bytes:
    """The bytes of an image, from its first file that still holds them; raises Problem where none does.

    A link may have been put in a file's place since it was indexed. So it is the bytes that are sent whose
    hash is compared with the catalogue's, and not those of an earlier look.
    """
    for name in names or image.files:
        data = _regular(root.place / name) if isinstance(root, Folder) else _object(root, name)
        if data is not None and hashlib.sha256(data).digest() == image.sha256:
            return data
    raise Problem(410, "This photo is gone, or has changed since it was indexed: run `resight index` again.")


def _object(root: Root, name: str) -> bytes | None:
    """The bytes of an object; raises PhotosUnreachable."""
    try:
        return root.content(name)
    except (BadImage, OSError):
        return None


def _regular(path: Path) -> bytes | None:
    """The bytes of a regular file; a pipe or a device is not waited for, and is none."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(file, "rb") as opened:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode) or status.st_size > FILE_LIMIT:
            return None
        try:
            return opened.read(status.st_size + 1)[: status.st_size]
        except OSError:
            return None
