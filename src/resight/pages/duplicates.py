"""Groups of photos that are one picture, or show one thing, as a self-contained page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from resight.drawing.thumbnails import Picture, take_picture, thumbnail
from resight.duplicates import Group
from resight.gallery import Snapshot
from resight.pages.naming import Name, break_name
from resight.pages.render import write_page

SIDE, NAME = 180, 60  # pixels of the longer side of a picture, and letters of a path
MOST = 24  # pictures of a group; the others are counted
WORDS = {"copies": "Copies of one picture", "same": "Photos of one thing"}


@dataclass(frozen=True)
class Member:
    """A photo of a group, with the names of all its files."""

    picture: Picture | None
    names: tuple[Name, ...]
    size: str


@dataclass(frozen=True)
class Shown:
    """A group: its heading, why it is one, the photos that are shown, and how many are not."""

    heading: str
    reason: str
    members: tuple[Member, ...]
    more: int


def write_duplicates(path: Path, snapshot: Snapshot, groups: Sequence[Group]) -> None:
    """Write the page whole; raises StorageFailed."""
    thumbnail.cache_clear()  # a photo may have changed since
    counts = [(words, sum(group.level == level for group in groups)) for level, words in WORDS.items()]
    write_page(
        path,
        "duplicates",
        facts=[("gallery", str(snapshot.folder)), *((words, str(count)) for words, count in counts)],
        groups=[_show(snapshot, group) for group in groups],
    )


def _show(snapshot: Snapshot, group: Group) -> Shown:
    members = tuple(_member(snapshot, image) for image in group.images[:MOST])
    return Shown(WORDS[group.level], group.reason, members, len(group.images) - len(members))


def _member(snapshot: Snapshot, number: int) -> Member:
    image, catalogue = snapshot.catalogue.image(number), snapshot.catalogue
    file = catalogue.photos.locate(image.files[0])
    picture = take_picture(file, SIDE, turn=image.turn, pixel_limit=catalogue.pixel_limit)
    names = tuple(break_name(name, NAME) for name in image.files)
    return Member(picture, names, f"{image.width} x {image.height}")
