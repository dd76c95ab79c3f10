"""Searches a gallery: recognises or describes the query, ranks, re-ranks, and names the files."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from resight.errors import BadQuery, NotFitted
from resight.gallery import Gallery, Snapshot, find_gallery
from resight.methods import Method
from resight.ranges import share
from resight.searcher.collection import Collection
from resight.searcher.describers import Describers
from resight.searcher.following import open_store
from resight.searcher.hits import Asked, hits
from resight.searcher.placing import placed
from resight.searcher.query import describe, of_descriptor, of_stored
from resight.searcher.recognise import QueryFile, recognise
from resight.searcher.reranking import rerankers
from resight.searcher.shown import Shown
from resight.searcher.under import images_under, under_of
from resight.types import Box, Descriptor, Ranking


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
        max_false_positives: float | None = None,
        exact: bool = False,
        store: str = "",
    ) -> Ranking:
        """The k nearest files: of a photo's path (or a box in it), or of a descriptor.

        An indexed file is recognised, not described again, and comes first. `under` is a folder, which
        stands for all that is in it, or a glob over relative paths. `rerank` names re-rankers, one after the
        other, as in `"geometry:top=50"`. `max_false_positives`: only hits that chance puts so high with this
        probability at most, and the query's own file; there may be none. Raises BadQuery where that cannot
        be told, as among fewer than 100 photos. `exact` compares every row, whatever
        index the gallery keeps. `store` names another store than the gallery keeps.
        """
        if k < 1:
            raise BadQuery("k is how many hits to show: 1 or more.")
        if max_false_positives is not None:
            share("search", max_false_positives=max_false_positives)
        wanted = rerankers(rerank)
        with self.gallery.snapshot() as snapshot:
            search = Search(snapshot, self._describers, self._pixel_limit, under, exact, store)
            asked = search.ask(query if isinstance(query, Descriptor) else QueryFile(query), box)
            return search.rank(asked, k, wanted, max_false_positives)

    def show(self, photo: Path | str, k: int = 5) -> Shown:
        """What the gallery knows of an indexed photo, and the k photos nearest to it; raises BadQuery."""
        file = QueryFile(photo)
        with self.gallery.snapshot() as snapshot:
            known = recognise(snapshot, file, by_content=False)
            if known is None:
                raise BadQuery(f"{photo} is not in the gallery {snapshot.folder}, or has changed since.")
            image, root = known.image, snapshot.catalogue.photos
            search = Search(snapshot, self._describers, self._pixel_limit)
            found = search.rank(search.ask(file, None), k + len(image.files), ())
            others = [hit for hit in found if hit.relative not in image.files][:k]
            return Shown(
                image,
                snapshot.rows.of(image.id),
                tuple(name for name in image.files if root.is_gone(name)),
                snapshot.warnings.of(image.id),
                tuple(replace(hit, rank=rank) for rank, hit in enumerate(others, 1)),
            )


class Search:
    """One search of a snapshot, or of the part of it that is named; raises NotFitted, and BadQuery."""

    def __init__(
        self,
        snapshot: Snapshot,
        describers: Describers,
        pixel_limit: int | None,
        under: str | None = None,
        exact: bool = False,
        store: str = "",
    ) -> None:
        if snapshot.generation is None or not len(snapshot.vectors):
            raise NotFitted(f"The gallery {snapshot.folder} is empty yet: run `resight index`.")
        self._snapshot, self._describers, self._pixel_limit = snapshot, describers, pixel_limit
        self._under = under_of(snapshot, under) if under else None
        inside = images_under(snapshot, self._under) if self._under else None
        self._photos = Collection(snapshot, inside, None if exact else open_store(snapshot, store))

    def ask(self, query: QueryFile | Descriptor, box: Box | None) -> Asked:
        """The query as it is looked for: recognised, or described now."""
        snapshot = self._snapshot
        if isinstance(query, Descriptor):
            snapshot.check(query.fingerprint)
            return Asked("a descriptor", of_descriptor(query, snapshot.recipe))
        known = recognise(snapshot, query, by_content=box is None)
        relative = known.relative if known else None
        if known and box is None and snapshot.rows.span(known.image.id)[1]:
            return Asked(str(query.path), of_stored(self._photos, known.image), relative, recognised=True)
        describer = self._describers.make_like(snapshot)
        snapshot.check(describer.fingerprint)
        turn, limit = known.image.turn if known else 0, self._pixel_limit or snapshot.catalogue.pixel_limit
        return Asked(str(query.path), describe(query, describer, box, turn, limit), relative)

    def rank(
        self, asked: Asked, k: int, wanted: Sequence[Method], max_false_positives: float | None = None
    ) -> Ranking:
        """The k nearest files; `wanted` are re-rankers."""
        ranked, found = placed(self._photos, asked.query, k, wanted, max_false_positives)
        own = hits(self._snapshot, asked, ranked, self._under, found.of)
        return Ranking(asked.name, self._snapshot.recipe.name, tuple(itertools.islice(own, k)))


def search(
    query: Path | str,
    gallery: Path | str | None = None,
    k: int = 10,
    box: Box | None = None,
    rerank: Sequence[str] = (),
    max_false_positives: float | None = None,
    exact: bool = False,
    store: str = "",
) -> Ranking:
    """The k photos of a gallery nearest to a photo.

    A folder of photos stands for the gallery inside it; by default it is the one in or above this folder,
    else in or above the photo's. `rerank`, `max_false_positives`, `exact` and `store` are those of
    `Searcher.search`. Raises NoGallery.
    """
    with Gallery(find_gallery(Path(gallery) if gallery else None, query)) as opened:
        return Searcher(opened).search(
            query, k, box, rerank=rerank, max_false_positives=max_false_positives, exact=exact, store=store
        )
