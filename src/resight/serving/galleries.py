"""The galleries that are served, by their names; each has a reader, a describer and a place for marks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from resight.errors import NotFitted
from resight.gallery import Gallery, Snapshot, find_gallery
from resight.gallery.records import StoredImage
from resight.roots import Folder
from resight.serving.problems import Problem
from resight.serving.together import Together

ID = re.compile(r"([0-9a-f]{64})(?:-(\d{1,3}))?")


class Served:
    """One gallery under a name, which stands in addresses and says nothing of where it is."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.gallery, self.together = Gallery(folder), Together()
        with self.gallery.snapshot() as snapshot:
            self.photos = snapshot.catalogue.photos
            self.recipe = snapshot.recipe

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """What is committed by now, for this thread alone."""
        with self.gallery.snapshot() as snapshot:
            yield snapshot

    def empty(self) -> NotFitted:
        """What is raised where nothing was indexed yet."""
        return NotFitted(f"The gallery {self.name} is empty yet: run `resight index`.")

    @property
    def secrets(self) -> list[tuple[str, str]]:
        """Paths of the server that an error may name, each with the name that is told instead."""
        paths = {str(self.folder), str(self.photos), str(self.folder.absolute())}
        if isinstance(self.photos, Folder):
            paths.add(str(self.photos.place.resolve()))
        return [(path, self.name) for path in paths if len(path) > 1]

    def close(self) -> None:
        """Give the catalogue back."""
        self.gallery.close()


def open_all(folders: Iterable[Path]) -> dict[str, Served]:
    """Galleries by name: that of the folder of photos, with a number where two have the same."""
    found: dict[str, Served] = {}
    for each in folders:
        folder = find_gallery(each)
        name = _name(folder, set(found))
        found[name] = Served(name, folder)
    return found


def _name(folder: Path, taken: set[str]) -> str:
    absolute = folder.absolute()
    own = absolute.parent.name if absolute.name == ".resight" else absolute.name
    name = re.sub(r"[^\w.-]+", "-", own, flags=re.ASCII).strip("-.") or "photos"
    numbered = (f"{name}-{number}" for number in range(2, len(taken) + 3))
    return name if name not in taken else next(each for each in numbered if each not in taken)


def id_of(image: StoredImage) -> str:
    """The id of an image: the SHA-256 of its content, and how it is turned, if it is."""
    return spelt_id(image.sha256, image.turn)


def spelt_id(sha256: bytes, turn: int) -> str:
    """The id of a content, turned by so many degrees."""
    return f"{sha256.hex()}-{turn}" if turn else sha256.hex()


def find_image(snapshot: Snapshot, number: str) -> StoredImage:
    """The image of an id; raises Problem where the gallery has none."""
    parts = ID.fullmatch(number)
    image = parts and snapshot.catalogue.image_of_content(bytes.fromhex(parts[1]), int(parts[2] or 0))
    if not image:
        raise Problem(404, "This gallery has no such image.")
    return snapshot.catalogue.image(image)


def shown_name(relative: str) -> str:
    """A relative path as people and JSON take it: a byte that is no text is shown as a question mark."""
    return relative.encode("utf8", "surrogateescape").decode("utf8", "replace")
