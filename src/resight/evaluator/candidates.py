"""The photos that are ranked in an evaluation, by their numbers in the data set, and queries among them."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from resight import images, local_features
from resight.dataset import BenchmarkQuery, Dataset
from resight.describing.describer import Describer
from resight.errors import BadImage
from resight.evaluator.joined import JoinedCollections
from resight.evaluator.photo_ranking import PhotoRanking
from resight.evaluator.workspace import Workspace
from resight.gallery import Snapshot
from resight.images import Photo
from resight.images.photo import Enough
from resight.ranking import Numbers, Photos, Query, Ranked
from resight.searcher.collection import Collection
from resight.searcher.following import open_store
from resight.searcher.query import of_photo, of_stored
from resight.stores import EVERY_ROW, Store
from resight.types import Match, Vectors

HEAD = 100  # hits of a ranking that a store finds; the rest is for measures that look at all


class Candidates:
    """Photos of a data set, then those of its distractors, then those of `galleries` that are only searched.

    Rankings are of images, each content once; truth is of photos. A photo that is in no ranking (a query
    that is no part of the database, or one that could not be described) has no place in any.
    """

    def __init__(
        self,
        data: Dataset,
        workspace: Workspace,
        opened: Snapshot,
        galleries: Sequence[Snapshot],
        store: str = EVERY_ROW,
    ) -> None:
        self.data, self._workspace, self._galleries = data, workspace, galleries
        self.image_of = workspace.images(opened)
        ranked = np.ones(len(self.image_of), np.bool_)
        ranked[: len(data.photos)] = np.isin(np.arange(len(data.photos)), data.database)
        ranked &= self.image_of >= 0
        inside = None if ranked.all() else self.image_of[ranked]
        self._own = Collection(opened, inside, open_store(opened, store))
        others = [Collection(gallery, store=open_store(gallery, store)) for gallery in galleries]
        self._joined = JoinedCollections([self._own, *others])
        self.photos: Photos = self._joined if galleries else self._own
        self.distractors = int(ranked[len(data.photos) :].sum())
        self.distractors += sum(gallery.catalogue.count()["images"] for gallery in galleries)
        self.size = int(ranked[: len(data.photos)].sum()) + self.distractors
        self._number(np.flatnonzero(ranked))

    def _number(self, ranked: Numbers) -> None:
        """Which photos each image stands for: `_numbers` from `_starts`, `_counts` of them."""
        owners = self.image_of[ranked]
        counts = [np.bincount(owners, minlength=1 + self._own.last)]
        numbers, base = [ranked[np.argsort(owners, kind="stable")]], len(self.image_of)
        for part in self._joined.parts[1:]:
            counts.append(np.ones(1 + part.last, np.int64))
            numbers.append(base + np.arange(1 + part.last))
            base += 1 + part.last
        self._counts, self._numbers = np.concatenate(counts), np.concatenate(numbers)
        self._starts = np.cumsum(self._counts) - self._counts

    @property
    def stores(self) -> list[Store]:
        """What the galleries are searched by, that of the data set first."""
        return [part.store for part in self._joined.parts]

    def rank(self, vectors: Vectors) -> Ranked:
        """All images, nearest to any of (Q, D) `vectors` first; the first `HEAD` as the stores find them."""
        ranked = self.photos.nearest(vectors, self.size + 1)  # which is so many that every row is compared
        if all(store.exact for store in self.stores):
            return ranked
        return ranked.led_by(self.photos.nearest(vectors, HEAD))

    @property
    def names(self) -> tuple[str, ...]:
        """What the workspace calls the photos of the data set, and those that are described beside them."""
        return self._workspace.names

    def numbers(self, images: Numbers) -> tuple[Numbers, Numbers]:
        """(M,) images -> the photos that they stand for, in that order, and which of the images each is."""
        counts = self._counts[images]
        which = np.repeat(np.arange(len(images)), counts)
        inside = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
        return self._numbers[self._starts[images][which] + inside], which

    def name(self, number: int) -> str:
        """A photo's path in the data set, or `distractors:N/` and its path in the N-th of `roots`."""
        if number < len(self.image_of):
            source, _, path = self._workspace.names[number].partition("/")
            return path if source == "0" else f"distractors:{source}/{path}"
        number -= len(self.image_of)
        own = len(self.roots) - len(self._galleries)
        for place, (gallery, part) in enumerate(zip(self._galleries, self._joined.parts[1:], strict=True)):
            if number <= part.last:
                file = (gallery.catalogue.files_of(number) or [f"image {number}"])[0]
                return f"distractors:{own + place + 1}/{file}"
            number -= 1 + part.last
        raise IndexError(number)

    @functools.cached_property
    def roots(self) -> list[Path]:
        """The folders that the distractors lie in."""
        sources = dict.fromkeys(name.partition("/")[0] for name in self._workspace.names)
        links = Path(self._own.snapshot.catalogue.root)
        own = [(links / source).resolve() for source in sources if source != "0"]
        return own + [Path(gallery.catalogue.root) for gallery in self._galleries]

    def query(self, question: BenchmarkQuery, describer: Callable[[], Describer]) -> Query:
        """A photo as a query, from its stored descriptor, or the part in its box, described now.

        Raises BadImage for a photo that could not be described, and BadQuery for a box outside it.
        """
        image = int(self.image_of[question.photo])
        if image < 0:
            raise BadImage("the photo could not be read")
        own = None if self.data.keeps_query else image
        if question.box is None:
            return dataclasses.replace(
                of_stored(self._own, self._own.snapshot.catalogue.image(image)), image=own
            )
        if len(self._duplicates(question)):
            own = None  # its duplicate is a photo like any other, and is found where its part stands
        photo, box = read(self.data, question.photo), question.box
        descriptor = describer()(photo, box)
        self._own.snapshot.check(descriptor.fingerprint)
        return of_photo(photo, descriptor, box, lambda: local_features.extract(photo, box), own)

    def in_photos(self, ranked: Ranked, question: BenchmarkQuery) -> PhotoRanking:
        """A ranking of images as one of photos.

        Photos with the very content of a whole query come first, with a score of 1. The query itself is left
        out, unless the protocol keeps it.
        """
        found, which = self.numbers(ranked.images)
        scores, images = ranked.scores[which], ranked.images[which]
        if not self.data.keeps_query:
            others = found != question.photo
            found, scores, images = found[others], scores[others], images[others]
            if question.box is None:
                duplicates = self._duplicates(question)
                found = np.concatenate([duplicates, found])
                scores = np.concatenate([np.ones(len(duplicates), np.float32), scores])
                images = np.concatenate([np.full(len(duplicates), -1), images])
        return PhotoRanking(found, scores, _of_photos(ranked.matches, found, images))

    def _duplicates(self, question: BenchmarkQuery) -> Numbers:
        """Other photos of the query's very content."""
        own = int(self.image_of[question.photo])
        if own < 0:
            return np.empty(0, np.int64)
        alike, _ = self.numbers(np.array([own], np.int64))
        duplicates: Numbers = alike[alike != question.photo]
        return duplicates


def _of_photos(matches: Mapping[int, Match], photos: Numbers, images: Numbers) -> dict[int, Match]:
    """Matches by images as matches by photos; `images` (N,) is the image of each of `photos` (N,)."""
    found = {}
    for place in np.flatnonzero(np.isin(images, list(matches))).tolist() if matches else ():
        match = matches[int(images[place])]
        by = [] if match.through is None else photos[images == match.through].tolist()
        found[int(photos[place])] = dataclasses.replace(match, through=by[0] if by else None)
    return found


def read(data: Dataset, number: int, enough: Enough | None = None) -> Photo:
    """A photo of a data set by its number, turned as it must be; raises BadImage."""
    path = data.photos[number]
    return images.read(data.root / path, enough=enough, turn=data.turns.get(path, 0))
