"""Files that no row of the catalogue names: of a generation that is gone, or that a kill left behind."""

from __future__ import annotations

from pathlib import Path

from resight.gallery.catalogue import Catalogue
from resight.gallery.database import Selects, storage_errors
from resight.gallery.records import local_name, sample_name, vectors_name


def delete_garbage(folder: Path, selects: Selects) -> None:
    """Delete them; a reader that has one open keeps it."""
    rows = selects.all("SELECT number, parameters FROM generations").fetchall()
    fact = Catalogue(selects, folder).fact
    named = {vectors_name(number) for number, _ in rows} | {name for _, name in rows}
    named |= {sample_name(int(fact("kept", 1))), local_name(int(fact("local", 1)))}
    with storage_errors():
        for pattern in ("vectors-*.f32", "kept-*.f32", "local-*.bin", "parameters-*"):
            for path in folder.glob(pattern):
                if path.name not in named:
                    path.unlink(missing_ok=True)
