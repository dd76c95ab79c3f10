"""Writes a page or a figure whole, and says in a sentence where that cannot be done."""

from __future__ import annotations

from pathlib import Path

from resight import files
from resight.errors import StorageFailed


def write_whole(target: Path, data: bytes, what: str = "page") -> None:
    """Raises StorageFailed where it could not be written; nothing is left behind then."""
    try:
        files.write_whole(target, [data])
    except OSError as error:
        raise StorageFailed(
            f"The {what} {target.resolve()} could not be written ({error.strerror})."
        ) from None
