"""A query to a ranking: describe it, or recognise it, and find the nearest files of a gallery."""

from __future__ import annotations

import hashlib
import itertools
import threading
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from resight import images
from resight.describing.describer import Describer, describer_like
from resight.errors import BadImage, BadQuery, NotFitted
from resight.gallery import Gallery, Snapshot, find_gallery
from resight.gallery.part import Inside, part
from resight.gallery.records import file_state, is_gone
from resight.images.photo import spell_warning
from resight.methods import Method
from resight.ranking import Query, Ranked
from resight.searcher.collection import Collection
from resight.searcher.queries import of_descriptor, of_photo, readable
from resight.searcher.reranking import depth, reranked, rerankers
from resight.types import Box, Descriptor, Hit, Match, Ranking, Region


@dataclass(frozen=True)
class Asked:
    """A query, what it is called, and its own path if that is indexed.

    `recognised`: the rows are the gallery's own, nothing was described.
    """

    name: str
    query: Query
    relative: str | None
    recognised: bool


class Searcher:
    """Searches one gallery; the network is loaded at the first query that must be described.

    Any number of threads may search at once: each search works on a snapshot of the gallery of its own.
    `max_megapixels`: how large a query may be; by default as large as a photo of the gallery.
    """

    def __init__(self, gallery: Gallery, engine: str = "auto", max_megapixels: float | None = None) -> None:
        self.gallery = gallery
        self._pixel_limit = round(1e6 * max_megapixels) if max_megapixels else None
        self._describers = Describers(engine)

    @property
    def pixel_limit(self) -> int:
        """How many pixels a query may have."""
        if self._pixel_limit:
            return self._pixel_limit
        with self.gallery.snapshot() as snapshot:
            return snapshot.catalogue.pixel_limit

    def search(
        self,
        query: Path | str | Descriptor,
        k: int = 10,
        box: Box | None = None,
        under: str | None = None,
        rerank: Sequence[str] = (),
    ) -> Ranking:
        """The k nearest files: of a photo's path (or a box in it), or of a descriptor.

        An indexed file is recognised, not described again, and comes first. `under` is a folder, which
        stands for all that is in it, or a glob over relative paths. `rerank` names re-rankers, one after the
        other, as in `"geometry:top=50"`.
        """
        if k < 1:
            raise BadQuery("k is how many hits to show: 1 or more.")
        wanted = rerankers(rerank)
        with self.gallery.snapshot() as snapshot:
            return Search(snapshot, self._describers, self._pixel_limit).rank(query, k, box, under, wanted)

    def show(self, photo: Path | str, k: int = 5) -> dict[str, Any]:
        """What the gallery knows of an indexed photo, and the k photos nearest to it."""
        with self.gallery.snapshot() as snapshot:
            return Search(snapshot, self._describers, self._pixel_limit).show(photo, k)


class Describers:
    """The describers of the last two fits: while a gallery is fitted anew, searches may see either."""

    def __init__(self, engine: str) -> None:
        self._engine, self._lock = engine, threading.Lock()
        self._made: dict[str | None, Describer] = {}

    def make_like(self, snapshot: Snapshot) -> Describer:
        """The describer that gives descriptors like those of the snapshot."""
        fit = snapshot.generation.parameters if snapshot.generation else None
        with self._lock:
            if fit not in self._made:
                self._made = dict([*self._made.items()][-1:])
                self._made[fit] = describer_like(snapshot, self._engine)
            return self._made[fit]


class Search:
    """One search of a snapshot."""

    def __init__(self, snapshot: Snapshot, describers: Describers, pixel_limit: int | None) -> None:
        self.snapshot, self._describers = snapshot, describers
        self.pixel_limit = pixel_limit or snapshot.catalogue.pixel_limit

    def rank(
        self,
        query: Path | str | Descriptor,
        k: int,
        box: Box | None,
        under: str | None,
        wanted: Sequence[Method],
    ) -> Ranking:
        """The k nearest files; `wanted` are re-rankers."""
        if self.snapshot.generation is None or not len(self.snapshot.vectors):
            raise NotFitted(f"The gallery {self.snapshot.folder} is empty yet: run `resight index`.")
        inside = self._part(under)
        photos = self._photos(under, inside)
        asked = self._asked(query, box, photos)
        ranked = photos.nearest(asked.query.vectors, depth(wanted, k) + 1)
        ranked = reranked(ranked, asked.query, photos, wanted)
        hits = tuple(itertools.islice(self._hits(asked, ranked, inside), k))
        return Ranking(asked.name, self.snapshot.recipe.name, hits)

    def show(self, photo: Path | str, k: int) -> dict[str, Any]:
        """What the gallery knows of an indexed photo, and the k photos nearest to it."""
        relative = self._relative(Path(photo))
        image = self.snapshot.catalogue.image_of(relative) if relative else None
        if image is None:
            raise BadQuery(f"{photo} is not in the gallery {self.snapshot.folder}, or has changed since.")
        stored, rows = self.snapshot.catalogue.image(image), self.snapshot.rows.of(image)
        nearest = [
            hit for hit in self.rank(photo, k + 1, None, None, ()).as_dict()["hits"] if not hit["self"]
        ]
        nearest = [hit | {"rank": rank} for rank, hit in enumerate(nearest, 1)]
        return {
            "image": image,
            "files": list(stored.files),
            "gone": [name for name in stored.files if is_gone(self.snapshot.catalogue.root / name)],
            "size": [stored.width, stored.height],
            "sha256": stored.sha256.hex(),
            "warnings": list(self.snapshot.warnings.of(image)),
            "rows": list(range(rows.first, rows.first + rows.count)),
            "regions": [region.as_list() for region in rows.regions] if rows.regions else None,
            "nearest": nearest[:k],
        }

    def _asked(self, query: Path | str | Descriptor, box: Box | None, photos: Collection) -> Asked:
        if isinstance(query, Descriptor):
            self.snapshot.check(query.fingerprint)
            return Asked("a descriptor", of_descriptor(query), None, False)
        path = Path(query)
        relative = self._relative(path)
        image = self._stored(path, relative) if box is None else None
        if image is not None:
            return Asked(str(path), photos.query(image), relative, True)
        turn = self._turn(relative)
        described = self._describe(path, box, turn)
        return Asked(str(path), of_photo(path, described, box, turn, self.pixel_limit), relative, False)

    def _relative(self, path: Path) -> str | None:
        """The query's path in the gallery, if it is an indexed file and unchanged since."""
        try:
            here, root, status = path.resolve(), self.snapshot.catalogue.root.resolve(), path.stat()
        except OSError as error:
            raise BadQuery(f"The query {path} cannot be read: {error.strerror}.") from None
        for spelling in (path.absolute(), here):
            if spelling.is_relative_to(root):
                relative = spelling.relative_to(root).as_posix()
                file = self.snapshot.catalogue.file(relative)
                if file and file.image and file.state == file_state(status):
                    return relative
        return None

    def _turn(self, relative: str | None) -> int:
        """Degrees clockwise by which a file of the gallery is turned."""
        image = self.snapshot.catalogue.image_of(relative) if relative else None
        return self.snapshot.catalogue.image(image).turn if image else 0

    def _stored(self, path: Path, relative: str | None) -> int | None:
        """The image that the gallery has of this very file, or of a copy of it elsewhere; None if none."""
        if relative is None:
            try:
                content = hashlib.sha256(images.content(path)).digest()
            except (BadImage, OSError) as error:
                raise BadQuery(f"The query {path} cannot be read: {error}.") from None
            image = self.snapshot.catalogue.image_of_content(content)
        else:
            image = self.snapshot.catalogue.image_of(relative)
        return image if image and self.snapshot.rows.span(image)[1] else None

    def _describe(self, path: Path, box: Box | None, turn: int) -> Descriptor:
        describer = self._describers.make_like(self.snapshot)
        self.snapshot.check(describer.fingerprint)
        with readable(path):
            if box:
                photo = images.read(path, pixel_limit=self.pixel_limit, turn=turn)
            else:
                photo = describer.read(path, turn, self.pixel_limit)
            for word in photo.warnings:
                warnings.warn(f"The query {path} is {spell_warning(word)}.", stacklevel=2)
            return describer(photo, box)

    def _part(self, under: str | None) -> Inside | None:
        """The part of the gallery that is searched; None for all of it."""
        return (
            part(under, (name for name, image, _ in self.snapshot.catalogue.files() if image))
            if under
            else None
        )

    def _photos(self, under: str | None, inside: Inside | None) -> Collection:
        """The gallery as it is now, or the part of it that is searched; owners of all rows are read once."""
        if inside:
            images = {image for name, image, _ in self.snapshot.catalogue.files() if image and inside(name)}
            if not images:
                raise BadQuery(f"No indexed photo lies under '{under}'.")
            return Collection(self.snapshot, np.array(sorted(images), np.int64))
        return Collection(self.snapshot)

    def _hits(self, asked: Asked, ranked: Ranked, inside: Inside | None) -> Iterator[Hit]:
        """A recognised query's own file first, then its copies, then the others, nearest first."""
        root, places = self.snapshot.catalogue.root, itertools.count(1)
        own = [] if asked.query.image is None else [(asked.query.image, 1.0)]
        others = zip(ranked.images.tolist(), ranked.scores.tolist(), strict=True)
        for image, score in itertools.chain(own, others):
            files = [name for name in self.snapshot.catalogue.files_of(image) if not inside or inside(name)]
            files.sort(key=lambda name: name != asked.relative)
            match = ranked.matches.get(image)
            through = None if match is None or match.through is None else self._name(match.through)
            warned = self.snapshot.warnings.of(image)
            for name in files:
                mine = name == asked.relative
                pair = (None, None) if mine and asked.recognised else self._pair(asked.query, image, match)
                gone = not mine and is_gone(root / name)
                yield Hit(
                    next(places), score, root / name, name, pair[0], mine, pair[1], match, through, gone,
                    warned,
                )  # fmt: skip

    def _name(self, image: int) -> str:
        """One of the files of an image."""
        return next(iter(self.snapshot.catalogue.files_of(image)), f"image {image}")

    def _pair(self, query: Query, image: int, match: Match | None) -> tuple[Region | None, Region | None]:
        """The parts of a photo and of the query that match: verified, or the regions that are nearest."""
        if match:
            return match.region, match.query_region
        if not query.regions:
            return None, None
        rows = self.snapshot.rows.of(image)
        if not rows.regions:
            return None, None
        products = self.snapshot.vectors[rows.first : rows.first + rows.count] @ query.vectors.T
        row, column = np.unravel_index(int(products.argmax()), products.shape)
        return rows.regions[row], query.regions[column]


def search(
    query: Path | str,
    gallery: Path | str | None = None,
    k: int = 10,
    box: Box | None = None,
    rerank: Sequence[str] = (),
) -> Ranking:
    """The k photos of a gallery nearest to a photo.

    A folder of photos stands for the gallery inside it; by default it is the one in or above this folder,
    else in or above the photo's. Raises NoGallery.
    """
    with Gallery(find_gallery(Path(gallery) if gallery else None, Path(query))) as opened:
        return Searcher(opened).search(query, k, box, rerank=rerank)
