"""A graph of neighbours in a file: a cache, which may be deleted, and is not trusted when it was damaged."""

from __future__ import annotations

import hashlib
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight.files import write_whole
from resight.ranking import Numbers, Photos

FORMAT = "resight graph 1"
NAMES = ("rows", "neighbours", "similarities")

Arrays = tuple[Numbers, NDArray[np.int32], NDArray[np.float32]]


def read(photos: Photos, k: int) -> Arrays | None:
    """Rows (M,), neighbours (M, k) and similarities (M, k) as written; None: not there, or not whole."""
    from safetensors import SafetensorError, safe_open

    if photos.folder is None:
        return None
    try:
        with safe_open(_path(photos.folder, photos, k), framework="np") as file:
            arrays: Arrays = tuple(file.get_tensor(name) for name in NAMES)
            same = file.metadata() == _about(photos, arrays)
    except (OSError, SafetensorError):
        return None
    return arrays if same and _fits(arrays, len(photos.owners), k) else None


def write(photos: Photos, k: int, arrays: Arrays) -> None:
    """Put the file in its place as a whole; where that cannot be done, a warning says so."""
    from safetensors.numpy import save

    if photos.folder is None:
        return
    path = _path(photos.folder, photos, k)
    named: dict[str, NDArray[Any]] = dict(zip(NAMES, arrays, strict=True))
    try:
        photos.folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, [save(named, _about(photos, arrays))])
    except OSError as error:
        warnings.warn(
            f"The graph of neighbours cannot be kept in {photos.folder} ({error.strerror}): every process "
            "that needs it makes it anew.",
            stacklevel=4,
        )


def _path(folder: Path, photos: Photos, k: int) -> Path:
    digest = hashlib.sha256(photos.identity.encode()).hexdigest()[:16]
    return folder / f"graph-{digest}-{k}.safetensors"


def _about(photos: Photos, arrays: tuple[NDArray[Any], ...]) -> dict[str, str]:
    """What a file says of itself: whose it is, and a checksum of what it holds."""
    checksum = 0
    for array in arrays:
        checksum = zlib.crc32(np.ascontiguousarray(array).view(np.uint8).data, checksum)
    return {"format": FORMAT, "identity": photos.identity, "checksum": f"{checksum:08x}"}


def _fits(arrays: tuple[NDArray[Any], ...], total: int, k: int) -> bool:
    """Whether these can be the arrays of a graph of `total` rows, deleted ones among them."""
    rows, neighbours, similarities = arrays
    count = len(rows)
    if [array.dtype.str for array in arrays] != ["<i8", "<i4", "<f4"]:
        return False
    if rows.shape != (count,) or not neighbours.shape == similarities.shape == (count, k):
        return False
    if not count:
        return True
    ascending = rows[0] >= 0 and rows[-1] < total and bool((np.diff(rows) > 0).all())
    return ascending and bool(neighbours.min() >= -1 and neighbours.max() < count)
