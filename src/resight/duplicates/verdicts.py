"""Verdicts on pairs of photos, kept beside the gallery: appended, so that a kill loses next to nothing.

They are known by the contents and turns of both photos, so they stay right whatever becomes of the gallery.
The file may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import numpy as np
from filelock import FileLock

from resight.duplicates.judging import Level, Verdict

NAME = "duplicates-3.bin"  # another name where photos are judged otherwise
RECORD = np.dtype([("pair", "V32"), ("level", "u1"), ("inliers", "<u4"), ("reason", "S64"), ("crc", "<u4")])
NAMES: tuple[Level, ...] = get_args(Level)

Key = bytes


def key_of(one: tuple[bytes, int], other: tuple[bytes, int]) -> Key:
    """Of two photos, each by the hash of its content and its turn; whichever comes first."""
    parts = sorted(hashlib.sha256(sha256 + turn.to_bytes(2)).digest()[:16] for sha256, turn in (one, other))
    return b"".join(parts)


def read_verdicts(folder: Path) -> dict[Key, Verdict]:
    """All that are kept and whole."""
    try:
        data = (folder / NAME).read_bytes()
    except OSError:
        return {}
    records = np.frombuffer(data, RECORD, len(data) // RECORD.itemsize)
    found = {}
    for record in records:
        if int(record["crc"]) == _crc(record.tobytes()):
            level, reason = NAMES[int(record["level"])], record["reason"].decode("utf8")
            found[record["pair"].tobytes()] = Verdict(level, reason, int(record["inliers"]))
    return found


def append_verdicts(folder: Path, made: Sequence[tuple[Key, Verdict]]) -> None:
    """Keep more; where that cannot be, a warning says so."""
    if not made:
        return
    rows = np.zeros(len(made), RECORD)
    for row, (key, verdict) in zip(rows, made, strict=True):
        row["pair"], row["level"] = np.void(key), NAMES.index(verdict.level)
        row["inliers"], row["reason"] = verdict.inliers, verdict.reason.encode("utf8")
        row["crc"] = _crc(row.tobytes())
    path = folder / NAME
    try:
        with FileLock(path.with_suffix(".lock")), path.open("ab") as file:
            file.truncate(file.tell() - file.tell() % RECORD.itemsize)  # what a kill has cut
            file.write(rows.tobytes())
    except OSError as error:
        warnings.warn(
            f"What was compared cannot be kept in {folder} ({error.strerror}): it is done anew next time.",
            stacklevel=2,
        )


def _crc(record: bytes) -> int:
    return zlib.crc32(record[: RECORD.fields["crc"][1]])  # type: ignore[index]
