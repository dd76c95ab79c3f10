"""What `index` is to do, found before it does it: what changed, what is gone, and what must be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from resight.gallery import Writer
from resight.gallery.changes import Changes
from resight.images.excluding import Excluded
from resight.images.folder import Walk
from resight.indexer.counts import Counts
from resight.indexer.excluding import settle_exclusions
from resight.indexer.listed import Listed
from resight.indexer.older import forget_other_pixels
from resight.indexer.vanished import Vanished, find_vanished
from resight.indexer.walk import file_states
from resight.progress import Progress
from resight.roots import Listing, Root, State


@dataclass(frozen=True, eq=False)
class Plan:
    """The folder as it was walked, beside the catalogue: the files to read, and those that are not there.

    `sample` is how many photos a fit looks at, at most. `listed` gives the states of objects as they were
    listed; None of a folder, whose files are looked at when they are read.
    """

    walk: Walk | Listing | Listed
    excluded: Excluded
    turns: Mapping[str, int]
    changes: Changes
    to_read: list[str]
    vanished: Vanished
    sample: int
    listed: Callable[[str], State] | None = None

    @property
    def missing(self) -> list[str]:
        """Listed files that are not there."""
        return self.walk.missing if isinstance(self.walk, Listed) else []

    def away(self, writer: Writer, counts: Counts) -> dict[str, list[str]]:
        """The files of drives that are not there, without those whose contents were found elsewhere."""
        return {
            folder: [path for path in files if not counts.recognised[_image(writer, path)]]
            for folder, files in self.vanished.away.items()
        }

    def gone(self, away: Mapping[str, list[str]]) -> list[str]:
        """The files that leave the gallery: neither listed nor on a drive that is away."""
        staying = {path for files in away.values() for path in files}
        moved = {path for files in self.vanished.away.values() for path in files}
        return sorted({*self.vanished.gone, *moved} - {*self.missing} - staying)


def planned(
    writer: Writer,
    root: Root,
    *,
    exclude: Iterable[str] | None,
    only: Iterable[str] | None,
    turns: Mapping[str, int] | None,
    max_megapixels: float | None,
    prune: bool,
    retry: bool,
    sample: int,
    progress: Progress,
) -> Plan:
    """Look through the folder, or at the listed files; raises TooMuchVanished with nothing changed."""
    excluded = settle_exclusions(writer, exclude)
    walk = root.walk(writer.folder, excluded) if only is None else Listed(root, only)
    if max_megapixels is not None and round(1e6 * max_megapixels) != writer.catalogue.pixel_limit:
        writer.set_pixel_limit(max_megapixels)
    turned = {relative: degrees % 360 for relative, degrees in (turns or {}).items()}
    there = root.is_there()
    progress.start("Listing the objects" if root.remote else "Looking through the folder", None)
    changes = writer.changes(file_states(walk) if there else (), turned)
    to_read = changes.to_read(retry)
    vanished = find_vanished(writer, root, walk, changes, to_read, prune)
    if there and not writer.catalogue.photos.is_same(root):
        writer.move_root(root.place)
    if forget_other_pixels(writer, root, progress):
        to_read = changes.to_read(retry)
    listed = changes.state if root.remote else None
    return Plan(walk, excluded, turned, changes, to_read, vanished, sample, listed)


def moved(writer: Writer, gone: Iterable[str], counts: Counts) -> int:
    """How many of the files that are gone were found elsewhere."""
    images = Counter(_image(writer, path) for path in gone)
    return sum(min(count, counts.recognised[image]) for image, count in images.items() if image)


def _image(writer: Writer, path: str) -> int:
    """The image of a file of the catalogue; 0, which none has, of one that failed."""
    return writer.catalogue.image_of(path) or 0
