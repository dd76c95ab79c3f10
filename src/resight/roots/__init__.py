"""Where photos are, a folder or a place in object storage, and how they are listed and read there."""

from __future__ import annotations

from pathlib import Path

from resight.addresses import checked, is_address
from resight.errors import BadImage
from resight.roots.folder import Folder, State
from resight.roots.listing import Found, Listing
from resight.roots.objects import Objects
from resight.roots.promise import Root

__all__ = [
    "Folder",
    "Found",
    "Listing",
    "Objects",
    "Root",
    "State",
    "beside",
    "read_photo",
    "root_at",
]  # fmt: skip


def root_at(place: Path | str) -> Root:
    """A folder by its path, or a place in object storage by an address such as `s3://bucket/prefix`.

    Raises BadQuery for an address that cannot be one.
    """
    return Objects(checked(place)) if is_address(place) else Folder(Path(place))


def beside(photo: Path | str) -> tuple[Root, str]:
    """Where a single photo is, by its path or address, and its name there; raises BadQuery."""
    if not is_address(photo):
        return Folder(Path()), str(photo)
    folder, _, name = checked(photo).rpartition("/")
    return Objects(checked(folder)), name


def read_photo(photo: Path | str) -> Path | bytes:
    """What `images.read` takes: the path of a file itself, the bytes of an object.

    Raises BadQuery, PhotosUnreachable, and BadImage for an object that cannot be read.
    """
    root, name = beside(photo)
    if not root.remote:
        return Path(photo)
    try:
        return root.content(name)
    except OSError as error:
        raise BadImage(f"cannot be read: {error.strerror}") from None
