"""Which gallery is meant: the one that is named, or the nearest."""

from __future__ import annotations

import os
from pathlib import Path

from resight.addresses import is_address
from resight.errors import NoGallery
from resight.gallery.database import is_there


def find_gallery(named: Path | None = None, photo: Path | str | None = None) -> Path:
    """The gallery's folder; a folder of photos stands for the gallery inside it.

    Without a name: the nearest `.resight` from here upward, else the one that RESIGHT_GALLERY names, else the
    nearest above `photo`. Raises NoGallery, and GalleryError for one that may not be read.
    """
    if named is not None:
        inside = named / ".resight"
        return inside if not is_there(named) and inside.is_dir() else named
    own = os.environ.get("RESIGHT_GALLERY")
    found = _above(Path.cwd()) or (Path(own) if own else None) or _beside(photo)
    if found:
        return found
    raise NoGallery(
        "There is no gallery here or above: make one with `resight index PHOTOS`, "
        "or name one with --gallery or RESIGHT_GALLERY."
    )


def _beside(photo: Path | str | None) -> Path | None:
    return None if photo is None or is_address(photo) else _above(Path(photo).parent)


def _above(start: Path) -> Path | None:
    folders = (start.absolute(), *start.absolute().parents)
    return next((folder / ".resight" for folder in folders if _is_seen(folder / ".resight")), None)


def _is_seen(gallery: Path) -> bool:
    """Whether a gallery is there; a folder that may not even be looked into is passed by."""
    try:
        gallery.lstat()
    except OSError:
        return False
    return is_there(gallery)
