"""A gallery on disk: a catalogue in SQLite, vectors in raw float32 files (docs/gallery-format.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from resight.gallery.finding import find_gallery
from resight.gallery.opened import Gallery, snapshot_of
from resight.gallery.snapshot import Snapshot

if TYPE_CHECKING:
    from resight.gallery.writer import Writer

__all__ = ["Gallery", "Snapshot", "Writer", "find_gallery", "snapshot_of"]


def __getattr__(name: str) -> Any:
    """A search needs no writer, whose import takes a tenth of its start."""
    if name != "Writer":
        raise AttributeError(f"module 'resight.gallery' has no attribute '{name}'")
    from resight.gallery.writer import Writer

    return Writer
