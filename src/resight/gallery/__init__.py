"""A gallery on disk: a catalogue in SQLite, vectors in raw float32 files (docs/gallery-format.md)."""

from resight.gallery.finding import find_gallery
from resight.gallery.reader import Gallery
from resight.gallery.writer import Writer

__all__ = ["Gallery", "Writer", "find_gallery"]
