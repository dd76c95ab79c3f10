"""One writer at a time: the system lets go of the lock when its process dies."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from resight.errors import GalleryLocked, StorageFailed
from resight.gallery.vectors import Disk


def acquire(folder: Path, disk: Disk) -> FileLock:
    """Make the folder if need be, and lock it; raises GalleryLocked, and StorageFailed."""
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            disk.sync_names(folder.parent)
        lock = FileLock(folder / "writer.lock")
        lock.acquire(timeout=0)
    except Timeout:
        raise GalleryLocked(f"Another process is writing to {folder}: wait until it has finished.") from None
    except OSError as error:
        raise StorageFailed(
            f"The folder {folder} cannot be written to ({error.strerror}): name another with --gallery."
        ) from None
    return lock
