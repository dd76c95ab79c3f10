"""A gallery on disk: a catalogue in SQLite, vectors in raw float32 files (docs/gallery-format.md)."""

from resight.gallery.finding import find_gallery
from resight.gallery.opened import Gallery, snapshot_of
from resight.gallery.snapshot import Snapshot
from resight.gallery.writer import Writer

__all__ = ["Gallery", "Snapshot", "Writer", "find_gallery", "snapshot_of"]
