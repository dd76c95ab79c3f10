"""A gallery's files by their folders, a page at a time; only the page is read, however many there are."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass

from resight.errors import BadQuery
from resight.gallery.catalogue import Catalogue
from resight.gallery.database import from_stored, to_stored

MOST_FOLDERS = 1000
ABOVE = chr(ord("/") + 1)  # sorts behind all names that begin with the folder's and a slash


@dataclass(frozen=True)
class Listed:
    """One file: its relative path, and the content hash, turn, width and height of its image."""

    relative: str
    sha256: bytes
    turn: int
    width: int
    height: int


@dataclass(frozen=True)
class Page:
    """Some photos of a folder and below it, in the order of their paths; `next` asks for those behind."""

    photos: list[Listed]
    folders: list[str]
    total: int
    next: str | None


def browse(catalogue: Catalogue, under: str, after: str, limit: int) -> Page:
    """The `limit` photos behind `after`, and the folders in `under`; raises BadQuery for a wrong `after`.

    Names that are not UTF-8 come last; they lie in no folder but the whole gallery.
    """
    folder = under.strip("/")
    low, high = (f"{folder}/", f"{folder}{ABOVE}") if folder else ("", None)
    begin = _read_cursor(after) if after else low
    photos = list(catalogue.files_between(begin, high, after=bool(after), limit=limit + 1))
    following = _cursor(photos[limit - 1][0]) if len(photos) > limit else None
    return Page(
        [Listed(*each) for each in photos[:limit]],
        list(_folders(catalogue, low, high)),
        catalogue.count_between(low, high),
        following,
    )


def _folders(catalogue: Catalogue, low: str, high: str | None) -> Iterator[str]:
    """The folders directly below, found by steps from one to the next."""
    begin = low
    for _ in range(MOST_FOLDERS):
        name = catalogue.first_below(begin, low, high)
        if name is None:
            return
        own = name[: name.index("/", len(low))]
        yield own
        begin = own + ABOVE


def _cursor(relative: str) -> str:
    stored = to_stored(relative)
    plain = stored if isinstance(stored, bytes) else stored.encode()
    return ("b" if isinstance(stored, bytes) else "t") + base64.urlsafe_b64encode(plain).decode().rstrip("=")


def _read_cursor(text: str) -> str:
    try:
        if text[0] not in "bt":
            raise ValueError(text)
        plain = base64.b64decode(text[1:] + "=" * (-len(text[1:]) % 4), b"-_", validate=True)
        return from_stored(plain if text[0] == "b" else plain.decode())
    except (binascii.Error, ValueError):
        raise BadQuery("'after' is what 'next' of the page before was.") from None
