"""Writes a file whole: under another name first, then renamed, so that no reader ever sees half of it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from resight.errors import StorageFailed


def write_whole(target: Path, data: bytes, what: str = "page") -> None:
    """Raises StorageFailed where it could not be written; nothing is left behind then."""
    made, target = None, target.resolve()  # what a link points to is written, and the link stays
    try:
        with tempfile.NamedTemporaryFile("wb", dir=target.parent, delete=False) as file:
            made = Path(file.name)
            file.write(data)
        made.chmod(0o644)
        made.replace(target)
    except OSError as error:
        if made:
            made.unlink(missing_ok=True)
        raise StorageFailed(f"The {what} {target} could not be written ({error.strerror}).") from None
