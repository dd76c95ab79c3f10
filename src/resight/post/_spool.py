"""Rows that come one pass long, kept in a temporary file so that they can be read again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight.errors import StorageFailed


@contextmanager
def readable_again(arrays: Iterable[NDArray[Any]]) -> Iterator[NDArray[Any]]:
    """Arrays of (N_i, D) rows -> (N, D), to be read as often as needed inside the `with`.

    One array alone is handed on as it is, memory-mapped or not. Several are written as float32 to a file
    that has no name, so that its space is free again afterwards, also after an error or a kill.
    """
    arrays = iter(arrays)
    first, second = next(arrays), next(arrays, None)
    if second is None:
        yield first
        return
    width, arrays = first.shape[1], chain([first, second], arrays)
    del first, second  # freed as soon as they are written
    with _file() as file:
        yield np.memmap(file, dtype=np.float32, mode="r", shape=(_filled(file, arrays), width))


def _file() -> Any:
    try:
        return tempfile.TemporaryFile(prefix="resight-", buffering=0)
    except OSError as error:
        raise _no_room(error) from error


def _filled(file: Any, arrays: Iterable[NDArray[Any]]) -> int:
    """Write all rows; returns their number."""
    count = 0
    for rows in arrays:
        _append(file, np.ascontiguousarray(rows, dtype=np.float32))
        count += len(rows)
    return count


def _append(file: Any, rows: NDArray[np.float32]) -> None:
    rest = rows.data.cast("B")
    try:
        while rest:  # a full disk, or more than 2 GB at once, takes only a part
            rest = rest[file.write(rest) :]
    except OSError as error:
        raise _no_room(error) from error


def _no_room(error: OSError) -> StorageFailed:
    return StorageFailed(
        f"The vectors to fit on cannot be written to {tempfile.gettempdir()} ({error.strerror or error}): "
        "make room there, or let TMPDIR name a folder on a larger disk."
    )
