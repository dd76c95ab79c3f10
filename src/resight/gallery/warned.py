"""What a user should know of indexed photos: a few words each, such as "damaged"."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence

from resight.gallery.catalogue import Catalogue
from resight.gallery.database import Selects, from_stored

SINCE = 4  # the format of the catalogue that has them


class Warned:
    """The warnings of a gallery's images."""

    def __init__(self, selects: Selects, catalogue: Catalogue) -> None:
        self._selects, self._catalogue = selects, catalogue

    def of(self, image: int) -> tuple[str, ...]:
        """The warnings of an image; most have none."""
        return self.among([image]).get(image, ())

    def among(self, images: Sequence[int]) -> dict[int, tuple[str, ...]]:
        """The warnings of those of the images that have any, asked for together."""
        if not self._has_any():
            return {}
        found = self._selects.among("SELECT id, warnings FROM images WHERE id IN", images)
        return {image: tuple(json.loads(words)) for image, words in found if words}

    def files(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Relative path and warnings of each file that has any, sorted by path."""
        if self._has_any():
            for relative, found in self._selects.all(
                "SELECT relative, warnings FROM files JOIN images ON images.id = files.image "
                "WHERE warnings IS NOT NULL ORDER BY relative"
            ):
                yield from_stored(relative), tuple(json.loads(found))

    def count(self) -> dict[str, int]:
        """How many files carry each warning."""
        found = Counter(word for _, words in self.files() for word in words)
        return dict(sorted(found.items()))

    def _has_any(self) -> bool:
        return int(self._catalogue.fact("format")) >= SINCE


def to_stored(warnings: tuple[str, ...]) -> str | None:
    """Warnings as the catalogue holds them: a JSON list, null where there is none."""
    return json.dumps(list(warnings)) if warnings else None
