"""What every photo is described as through every variant, on the disk: described once, then only read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from resight.errors import BadQuery, StorageFailed
from resight.files import write_whole
from resight.types import Vectors

WAITING, DONE, FAILED = 0, 1, 2


class Cache:
    """Descriptors (N, V, D) float32 of `photos` photos through `variants` variants, memory-mapped.

    A photo counts as done once its rows are on the disk, so what a kill leaves behind is true. One process
    at a time may have it open.
    """

    def __init__(self, folder: Path, photos: int, variants: int) -> None:
        self.folder, self._shape = folder, (photos, variants)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(folder / "tuning.lock")
            self._lock.acquire(timeout=0)
            self.states: NDArray[np.uint8] = _mapped(folder / "states", (photos,), np.uint8)
        except Timeout:
            raise BadQuery(f"Another `resight tune` works in {folder}: wait until it has ended.") from None
        except OSError as error:
            raise _unwritable(folder, error) from None
        self._rows: NDArray[np.float32] | None = None
        self._written: list[int] = []
        if (folder / "width.json").exists():
            self._open(int(json.loads((folder / "width.json").read_text(encoding="utf8"))))

    @property
    def waiting(self) -> list[int]:
        """The photos that are not described yet."""
        return np.flatnonzero(self.states == WAITING).tolist()

    @property
    def described(self) -> NDArray[np.int64]:
        """The photos that could be described."""
        return np.flatnonzero(self.states == DONE)

    @property
    def rows(self) -> Vectors:
        """(N, V, D); zeros of a photo that is not described. Raises BadQuery where none is."""
        if self._rows is None:
            raise BadQuery("None of the photos can be described, so there is nothing to tune on.")
        return self._rows

    def put(self, photo: int, rows: Sequence[Vectors] | None) -> None:
        """Keep a photo's V rows (D,); None: it cannot be described."""
        try:
            if rows is None:
                self.states[photo] = FAILED
                return
            if self._rows is None:
                width = len(rows[0])
                write_whole(self.folder / "width.json", [json.dumps(width).encode()])
                self._open(width)
            self.rows[photo] = np.stack(rows)
        except OSError as error:
            raise _unwritable(self.folder, error) from None
        self._written.append(photo)

    def sync(self) -> None:
        """Write down what was put: first the rows, then that they are there."""
        if self._written and isinstance(self._rows, np.memmap):
            self._rows.flush()
            self.states[self._written] = DONE
            self._written.clear()
        if isinstance(self.states, np.memmap):
            self.states.flush()

    def close(self) -> None:
        """Write down what was put, and let others in."""
        self.sync()
        self._lock.release()

    def _open(self, width: int) -> None:
        self._rows = _mapped(self.folder / "rows", (*self._shape, width), np.float32)


def _mapped(path: Path, shape: tuple[int, ...], kind: Any) -> NDArray[Any]:
    """A file of zeros, or what is there already, as an array."""
    if not path.exists():
        with path.open("wb") as file:
            file.truncate(int(np.prod(shape)) * np.dtype(kind).itemsize)
    return np.memmap(path, kind, "r+", shape=shape)


def _unwritable(folder: Path, error: OSError) -> StorageFailed:
    return StorageFailed(
        f"The cache {folder} cannot be written ({error.strerror or error}): make room there, or name another "
        "folder in XDG_CACHE_HOME."
    )
