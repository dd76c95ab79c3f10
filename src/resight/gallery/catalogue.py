"""What the catalogue says of a gallery's facts, generations, images and files, question by question."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from resight.addresses import is_address
from resight.errors import GalleryError
from resight.gallery.database import Selects, from_stored, to_stored
from resight.gallery.records import Generation, StoredFile, StoredImage
from resight.images import PIXEL_LIMIT
from resight.recipe import Recipe
from resight.roots import Root, root_at


class Catalogue:
    """Read-only. That of a `Snapshot` says the same as long as the snapshot lives."""

    def __init__(self, selects: Selects, folder: Path) -> None:
        self._selects, self._folder = selects, folder

    # facts

    def fact(self, key: str, default: Any = None) -> Any:
        """One fact of the catalogue (docs/gallery-format.md lists them)."""
        row = self._selects.one("SELECT value FROM facts WHERE key = ?", key)
        return default if row is None else row[0]

    @property
    def root(self) -> Path | str:
        """The folder, or the address, that the files' relative paths start from."""
        stored = from_stored(self.fact("root"))
        return stored if is_address(stored) else Path(os.path.normpath(self._folder.absolute() / stored))

    @property
    def photos(self) -> Root:
        """The same as what lists and reads the files; to be kept while they are read."""
        return root_at(self.root)

    @property
    def recipe(self) -> Recipe:
        """The recipe that the gallery was made with; it never changes."""
        return parse_recipe(self.fact("recipe"))

    @property
    def pixel_limit(self) -> int:
        """How many pixels a photo of this gallery may have."""
        return round(1e6 * float(self.fact("max_megapixels", PIXEL_LIMIT / 1e6)))

    def verdict(self) -> str:
        """What SQLite says of the file of the catalogue: "ok", or what is damaged."""
        row = self._selects.one("PRAGMA quick_check")
        return str(row[0]) if row else "no answer"

    # generations

    @property
    def current(self) -> Generation | None:
        """The generation that is searched; None before the first fit or photo."""
        return self.generation(int(self.fact("generation", 0)))

    def generation(self, number: int) -> Generation | None:
        """A generation by its number."""
        row = self._selects.one(
            "SELECT number, purpose, width, rows, parameters, provenance FROM generations WHERE number = ?",
            number,
        )
        return Generation(row[0], row[1], row[2], row[3], row[4], json.loads(row[5])) if row else None

    def fitted_on(self, parameters: str | None) -> set[bytes]:
        """The SHA-256 of the photos behind parameters, by the name of their file."""
        rows = self._selects.all("SELECT sha256 FROM samples WHERE parameters = ?", parameters)
        return {sha256 for (sha256,) in rows}

    # images

    def image(self, number: int) -> StoredImage:
        """An image by its id."""
        found = self.images([number])
        if not found:
            raise GalleryError(f"The gallery has no image {number} any more.")
        return found[number]

    def images(self, numbers: Sequence[int]) -> dict[int, StoredImage]:
        """Images by their ids, asked for together; what the gallery has no more is left out."""
        files: dict[int, list[str]] = {}
        for image, relative in self._selects.among(
            "SELECT image, relative FROM files WHERE image IN", numbers
        ):
            files.setdefault(image, []).append(from_stored(relative))
        found = self._selects.among("SELECT id, sha256, width, height, turn FROM images WHERE id IN", numbers)
        return {
            number: StoredImage(number, sha256, width, height, tuple(sorted(files.get(number, ()))), turn)
            for number, sha256, width, height, turn in found
        }

    def image_of(self, relative: str) -> int | None:
        """The id of the image that an indexed file holds; None for an unknown file, and one that failed."""
        file = self.file(relative)
        return file.image if file else None

    def image_of_content(self, sha256: bytes, turn: int = 0) -> int | None:
        """The id of the image with this content hash, turned by so many degrees."""
        row = self._selects.one("SELECT id FROM images WHERE sha256 = ? AND turn = ?", sha256, turn)
        return row[0] if row else None

    def images_of_content(self, sha256: bytes) -> list[int]:
        """The ids of the images with this content hash, however they are turned."""
        return [image for (image,) in self._selects.all("SELECT id FROM images WHERE sha256 = ?", sha256)]

    def contents(self) -> dict[int, tuple[bytes, int]]:
        """Each image's content hash, and the degrees by which it is turned."""
        rows = self._selects.all("SELECT id, sha256, turn FROM images")
        return {image: (sha256, turn) for image, sha256, turn in rows}

    def count_images(self) -> int:
        """How many images there are."""
        row = self._selects.one("SELECT count(*) FROM images")
        return int(row[0]) if row else 0

    def count_files(self) -> int:
        """How many files hold an image."""
        row = self._selects.one("SELECT count(*) FROM files WHERE image IS NOT NULL")
        return int(row[0]) if row else 0

    def repeated_images(self) -> list[int]:
        """The ids of images that several files hold."""
        rows = self._selects.all(
            "SELECT image FROM files WHERE image IS NOT NULL GROUP BY image HAVING count(*) > 1"
        )
        return [image for (image,) in rows]

    @property
    def last_image(self) -> int:
        """The highest id of an image; 0 where there is none."""
        row = self._selects.one("SELECT coalesce(max(id), 0) FROM images")
        return int(row[0]) if row else 0

    # files

    def file(self, relative: str) -> StoredFile | None:
        """An indexed file by its relative path; None for an unknown one."""
        row = self._selects.one(
            "SELECT image, size, mtime_ns, failure FROM files WHERE relative = ?", to_stored(relative)
        )
        return StoredFile(*row) if row else None

    def files_of(self, image: int) -> list[str]:
        """Relative paths of the files that hold an image, sorted."""
        rows = self._selects.all("SELECT relative FROM files WHERE image = ?", image)
        return sorted(from_stored(relative) for (relative,) in rows)

    def files(self) -> Iterator[tuple[str, int | None, str | None]]:
        """Every file: relative path, image id, and the reason it could not be described."""
        rows = self._selects.all("SELECT relative, image, failure FROM files ORDER BY relative")
        return ((from_stored(relative), image, failure) for relative, image, failure in rows)

    def files_between(
        self, low: str, high: str | None, after: bool, limit: int
    ) -> Iterator[tuple[str, bytes, int, int, int]]:
        """Path, content hash, turn, width and height of files from `low`, or behind it, to before `high`."""
        rows = self._selects.all(
            "SELECT relative, sha256, turn, width, height FROM files JOIN images ON id = image "
            f"WHERE relative {'>' if after else '>='} ?1 AND (?2 IS NULL OR relative < ?2) "
            "ORDER BY relative LIMIT ?3",
            to_stored(low), high, limit,
        )  # fmt: skip
        return ((from_stored(relative), *image) for relative, *image in rows)

    def count_between(self, low: str, high: str | None) -> int:
        """How many files hold an image, from `low` to before `high`."""
        row = self._selects.one(
            "SELECT count(*) FROM files WHERE image IS NOT NULL AND relative >= ?1 "
            "AND (?2 IS NULL OR relative < ?2)",
            low, high,
        )  # fmt: skip
        return int(row[0]) if row else 0

    def first_below(self, begin: str, low: str, high: str | None) -> str | None:
        """The first file from `begin` to before `high` that lies in a folder below `low`."""
        row = self._selects.one(
            "SELECT relative FROM files WHERE relative >= ?1 AND (?2 IS NULL OR relative < ?2) "
            "AND image IS NOT NULL AND typeof(relative) = 'text' "
            "AND instr(substr(relative, ?3), '/') > 0 ORDER BY relative LIMIT 1",
            begin, high, len(low) + 1,
        )  # fmt: skip
        return str(row[0]) if row else None

    def sizes(self) -> Iterator[tuple[int, bytes]]:
        """Of every file that holds an image: its size in bytes, and the content hash."""
        return iter(self._selects.all("SELECT size, sha256 FROM files JOIN images ON id = image"))

    def count(self) -> dict[str, int]:
        """Images, files, failures and vectors that can be found."""

        def one(statement: str, *values: Any) -> int:
            row = self._selects.one(statement, *values)
            return int(row[0]) if row else 0

        number = int(self.fact("generation", 0))
        return {
            "images": self.count_images(),
            "files": self.count_files(),
            "failures": one("SELECT count(*) FROM files WHERE failure IS NOT NULL"),
            "vectors": one("SELECT coalesce(sum(rows), 0) FROM descriptors WHERE generation = ?", number),
        }


@functools.lru_cache(maxsize=8)
def parse_recipe(text: str) -> Recipe:
    """A recipe from its JSON; each search asks for it, and it is always the same."""
    return Recipe.parse(json.loads(text))
