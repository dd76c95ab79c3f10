"""Files that no row of the catalogue names: of a generation that is gone, or that a kill left behind."""

from __future__ import annotations

from resight.gallery.catalogue import storage_errors
from resight.gallery.reader import Gallery
from resight.gallery.stored import kept_name, local_name, vectors_name


def delete_unnamed_files(gallery: Gallery) -> None:
    """Delete them; a reader that has one open keeps it."""
    rows = gallery.connection.execute("SELECT number, parameters FROM generations").fetchall()
    named = {vectors_name(number) for number, _ in rows} | {name for _, name in rows}
    named |= {kept_name(int(gallery.fact("kept", 1))), local_name(int(gallery.fact("local", 1)))}
    with storage_errors():
        for pattern in ("vectors-*.f32", "kept-*.f32", "local-*.bin", "parameters-*"):
            for path in gallery.folder.glob(pattern):
                if path.name not in named:
                    path.unlink(missing_ok=True)
