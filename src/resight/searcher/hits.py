"""From a ranking of images to the files that hold them, with the parts that match."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from resight.gallery import Snapshot
from resight.ranking import Query, Ranked
from resight.searcher.under import Under
from resight.types import Hit, Match, Region


@dataclass(frozen=True)
class Asked:
    """A query, what it is called, and its own path if that is indexed.

    `recognised`: the rows are the gallery's own, nothing was described.
    """

    name: str
    query: Query
    relative: str | None = None
    recognised: bool = False


def hits(
    snapshot: Snapshot,
    asked: Asked,
    ranked: Ranked,
    under: Under | None,
    chance: Callable[[int], float | None] = lambda image: None,
) -> Iterator[Hit]:
    """A recognised query's own file first, then its copies, then the others, nearest first.

    `chance` gives the false positives of an image, or None; those of the query's own are then 0, or None.
    """
    root, places = snapshot.catalogue.photos, itertools.count(1)
    own = [] if asked.query.image is None else [(asked.query.image, 1.0)]
    others = zip(ranked.images.tolist(), ranked.scores.tolist(), strict=True)
    for image, score in itertools.chain(own, others):
        files = [name for name in snapshot.catalogue.files_of(image) if under is None or under.matches(name)]
        files.sort(key=lambda name: name != asked.relative)
        match = ranked.matches.get(image)
        through = None if match is None or match.through is None else _name(snapshot, match.through)
        warned, pair = snapshot.warnings.of(image), matched_regions(snapshot, asked.query, image, match)
        by_chance = chance(image)
        if by_chance is not None and image == asked.query.image:
            by_chance = 0.0
        for name in files:
            mine = name == asked.relative
            region, query_region = (None, None) if mine and asked.recognised else pair
            gone = not mine and root.is_gone(name)
            yield Hit(
                next(places), score, root.locate(name), name, region, mine, query_region, match, through,
                gone, warned, by_chance,
            )  # fmt: skip


def _name(snapshot: Snapshot, image: int) -> str:
    """One of the files of an image."""
    return next(iter(snapshot.catalogue.files_of(image)), f"image {image}")


def matched_regions(
    snapshot: Snapshot, query: Query, image: int, match: Match | None
) -> tuple[Region | None, Region | None]:
    """The parts of a photo and of the query that match: verified, or the regions that are nearest."""
    if match:
        return match.region, match.query_region
    rows = snapshot.rows.of(image) if query.regions else None
    if rows is None or not rows.regions or not query.regions:
        return None, None
    products = snapshot.vectors[rows.first : rows.first + rows.count] @ query.vectors.T
    row, column = np.unravel_index(int(products.argmax()), products.shape)
    return rows.regions[row], query.regions[column]
