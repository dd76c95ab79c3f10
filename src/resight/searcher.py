"""A query to a ranking: describe it, or recognise it, and find the nearest files of a gallery."""

from __future__ import annotations

import fnmatch
import hashlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight import images
from resight.describer import Describer, describer_like
from resight.errors import BadImage, BadQuery, NotFitted
from resight.gallery import Gallery, find_gallery
from resight.indexes.exact import exact
from resight.types import Box, Descriptor, Hit, Ranking, Region


@dataclass(frozen=True)
class Query:
    """What is looked for: (Q, D) rows and their regions, and the query's own path if that is indexed.

    `recognised`: the rows are the gallery's own, nothing was described.
    """

    name: str
    vectors: NDArray[np.float32]
    regions: tuple[Region, ...] | None
    relative: str | None
    recognised: bool


@dataclass(frozen=True)
class Found:
    """A file and its score; the pair of regions that matched, of the photo and of the query."""

    score: float
    relative: str
    region: Region | None = None
    query_region: Region | None = None


class Searcher:
    """Searches one gallery; the network is loaded at the first query that must be described."""

    def __init__(self, gallery: Gallery, engine: str = "auto") -> None:
        self.gallery, self._engine = gallery, engine
        self._describer: Describer | None = None
        self._fitted: str | None = None

    def search(
        self, query: Path | str | Descriptor, k: int = 10, box: Box | None = None, under: str | None = None
    ) -> Ranking:
        """The k nearest files: of a photo's path (or a box in it), or of a descriptor.

        An indexed file is recognised, not described again, and comes first. `under` is a glob over relative
        paths; a folder stands for all that is in it.
        """
        if k < 1:
            raise BadQuery("k is how many hits to show: 1 or more.")
        with self.gallery.at_rest():
            if self.gallery.live is None or not len(self.gallery.vectors):
                raise NotFitted(f"The gallery {self.gallery.folder} is empty yet: run `resight index`.")
            asked = self._asked(query, box)
            hits = tuple(self._hits(asked, k, self._files(under) if under else None))
            return Ranking(asked.name, self.gallery.recipe.name, hits)

    def show(self, photo: Path | str, k: int = 5) -> dict[str, Any]:
        """What the gallery knows of an indexed photo, and the k photos nearest to it."""
        with self.gallery.at_rest():
            relative = self._relative(Path(photo))
            image = (self.gallery.image_of_file(relative) or (None,))[0] if relative else None
            if image is None:
                raise BadQuery(f"{photo} is not in the gallery {self.gallery.folder}, or has changed since.")
            stored, (first, rows, regions) = self.gallery.image(image), self.gallery.stored_rows(image)
        nearest = [hit for hit in self.search(photo, k + 1).as_dict()["hits"] if not hit["self"]]
        return {
            "image": image,
            "files": list(stored.files),
            "size": [stored.width, stored.height],
            "sha256": stored.sha256.hex(),
            "rows": list(range(first, first + rows)),
            "regions": json.loads(regions) if regions else None,
            "nearest": nearest[:k],
        }

    def _asked(self, query: Path | str | Descriptor, box: Box | None) -> Query:
        if isinstance(query, Descriptor):
            self.gallery.check(query.fingerprint)
            return Query("a descriptor", query.vectors, query.regions, None, False)
        path = Path(query)
        relative = self._relative(path)
        stored = self._stored(path, relative) if box is None else None
        if stored is not None:
            return Query(str(path), *stored, relative, True)
        descriptor = self._describe(path, box)
        return Query(str(path), descriptor.vectors, descriptor.regions, relative, False)

    def _relative(self, path: Path) -> str | None:
        """The query's path in the gallery, if it is an indexed file and unchanged since."""
        try:
            here, root, status = path.resolve(), self.gallery.root.resolve(), path.stat()
        except OSError as error:
            raise BadQuery(f"The query {path} cannot be read: {error.strerror}.") from None
        for spelling in (path.absolute(), here):
            if spelling.is_relative_to(root):
                relative = spelling.relative_to(root).as_posix()
                row = self.gallery.image_of_file(relative)
                if row and row[0] and row[1:] == (status.st_size, status.st_mtime_ns):
                    return relative
        return None

    def _stored(
        self, path: Path, relative: str | None
    ) -> tuple[NDArray[np.float32], tuple[Region, ...] | None] | None:
        """The descriptor that the gallery has of this very file, or of a copy of it elsewhere."""
        row = self.gallery.image_of_file(relative) if relative else None
        if row is None:
            try:
                content = hashlib.sha256(images.content(path)).digest()
            except (BadImage, OSError) as error:
                raise BadQuery(f"The query {path} cannot be read: {error}.") from None
            image = self.gallery.image_of_content(content)
        else:
            image = row[0]
        first, count, regions = self.gallery.stored_rows(image) if image else (0, 0, None)
        if not count:
            return None
        vectors = np.array(self.gallery.vectors[first : first + count])
        return vectors, tuple(map(Region.of, json.loads(regions))) if regions else None

    def _describe(self, path: Path, box: Box | None) -> Descriptor:
        fitted = self.gallery.live.parameters if self.gallery.live else None
        if self._describer is None or fitted != self._fitted:
            self._describer, self._fitted = describer_like(self.gallery, self._engine), fitted
        self.gallery.check(self._describer.fingerprint)
        try:
            photo = images.read(path) if box else self._describer.read(path)
        except BadImage as error:
            raise BadQuery(f"The query {path} cannot be described: {error}.") from None
        return self._describer(photo, box)

    def _files(self, under: str) -> set[str]:
        wanted = under.removeprefix("./").rstrip("/")
        inside = {
            relative
            for relative, image, _ in self.gallery.files()
            if image
            and (fnmatch.fnmatchcase(relative, wanted) or fnmatch.fnmatchcase(relative, f"{wanted}/*"))
        }
        if not inside:
            raise BadQuery(f"No indexed photo lies under '{under}'.")
        return inside

    def _hits(self, asked: Query, k: int, inside: set[str] | None) -> Iterator[Hit]:
        """A recognised query's own file first, then the others, nearest first."""
        found = self._found(asked, k + 1, inside)
        if asked.recognised and asked.relative is not None:
            others = (one for one in found if one.relative != asked.relative)
            own = [Found(1.0, asked.relative)] if inside is None or asked.relative in inside else []
            found = itertools.chain(own, others)
        root = self.gallery.root
        for rank, one in enumerate(itertools.islice(found, k), 1):
            mine = one.relative == asked.relative
            yield Hit(rank, one.score, root / one.relative, one.relative, one.region, mine, one.query_region)

    def _found(self, asked: Query, images: int, inside: set[str] | None) -> Iterator[Found]:
        """An image by its best row, and its files one after the other."""
        gallery, seen = self.gallery, set()
        only = None if inside is None else _rows_of_files(gallery, inside)
        wanted = images * (gallery.rows_per_image() if asked.regions else 1)
        while True:
            rows, scores = exact(gallery.vectors, asked.vectors, wanted, gallery.dead, only)
            for row, score in zip(rows.tolist(), scores.tolist(), strict=True):
                owner = gallery.owner(row)
                if owner is not None and owner[0] not in seen:
                    seen.add(owner[0])
                    pair = owner[1], self._region_of_query(asked, row)
                    files = gallery.files_of(owner[0])
                    yield from (Found(score, name, *pair) for name in files if not inside or name in inside)
            if len(rows) < wanted:
                return
            wanted *= 2  # images with several rows took the places of others

    def _region_of_query(self, asked: Query, row: int) -> Region | None:
        """The region of the query that a row of the gallery matched best."""
        if not asked.regions:
            return None
        return asked.regions[int((asked.vectors @ self.gallery.vectors[row]).argmax())]


def _rows_of_files(gallery: Gallery, inside: set[str]) -> NDArray[np.int64]:
    spans = {gallery.rows_of(image) for relative, image, _ in gallery.files() if image and relative in inside}
    rows = [np.arange(first, first + count) for first, count in sorted(spans)]
    return np.concatenate(rows) if rows else np.empty(0, np.int64)


def search(
    query: Path | str, gallery: Path | str | None = None, k: int = 10, box: Box | None = None
) -> Ranking:
    """The k photos of a gallery nearest to a photo; by default the gallery in or above this folder."""
    with Gallery(gallery or find_gallery(Path.cwd())) as opened:
        return Searcher(opened).search(query, k, box)
