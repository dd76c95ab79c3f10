"""Images of a gallery that are read again, with their contents on the way where that saves time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from resight.gallery import Writer
from resight.gallery.records import StoredImage
from resight.roots import Root, State


def coming_again(writer: Writer, root: Root, images: Iterable[int]) -> Iterator[StoredImage]:
    """Images by their numbers, in order; of each the first file is the one that is read first."""

    def told(image: StoredImage) -> tuple[str, State] | None:
        for relative in image.files[:1]:
            file = writer.catalogue.file(relative)
            if file is not None:
                return relative, file.state
        return None

    return root.coming(map(writer.catalogue.image, images), told)
