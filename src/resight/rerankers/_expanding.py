"""Query expansion: which rows of the hits matched, the query with those added, and the second search."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resight.ranking import Numbers, Photos, Query, Ranked
from resight.types import Vectors

VANISHED = 1e-6  # a sum of unit vectors this short points nowhere


@dataclass(frozen=True, eq=False)
class Matched:
    """What matched, a hit each: a row of the query (N,), a vector of the hit (N, D), their product (N,)."""

    query_rows: NDArray[np.int64]
    vectors: Vectors
    similarities: Vectors


def matched(query: Query, images: Numbers, photos: Photos) -> Matched:
    """The rows, of the query and of each image, with the largest dot product; the first of equal ones."""
    pairs, vectors, similarities = [], [], []
    for image in images.tolist():
        rows = photos.take(photos.rows_of(image))
        products = query.vectors @ rows.T
        of_query, of_image = np.unravel_index(int(products.argmax()), products.shape)
        pairs.append(of_query)
        vectors.append(rows[of_image])
        similarities.append(products[of_query, of_image])
    width = query.vectors.shape[1]
    return Matched(
        np.array(pairs, np.int64),
        np.array(vectors, np.float32).reshape(-1, width),
        np.array(similarities, np.float32),
    )


def expanded(query: Query, found: Matched, weights: NDArray[np.floating]) -> Vectors:
    """The query's vectors (Q, D), to each the weighted hits that it matched best added; unit length.

    `weights` (N,), a hit each; the query's own weight is 1. A row that no hit matched stays as it is.
    """
    sums = query.vectors.astype(np.float64)
    np.add.at(sums, found.query_rows, weights.astype(np.float64)[:, None] * found.vectors)
    return directions(sums, query.vectors)


def directions(sums: NDArray[np.float64], otherwise: Vectors) -> Vectors:
    """(Q, D) sums at unit length; the rows of `otherwise` where a sum vanished."""
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    unit = sums / np.maximum(lengths, VANISHED)
    return np.where(lengths > VANISHED, unit, otherwise).astype(np.float32)


def search_again(vectors: Vectors, ranked: Ranked, query: Query, photos: Photos) -> Ranked:
    """As many photos as `ranked` has, nearest to (Q, D) `vectors`, the query's own left out."""
    found = photos.nearest(vectors, len(ranked) + (query.image is not None))
    if query.image is not None:
        found = found.without(np.array([query.image]))
    return like(ranked, found.images[: len(ranked)], found.scores[: len(ranked)])


def like(ranked: Ranked, images: Numbers, scores: Vectors) -> Ranked:
    """A new ranking; the matches that were verified stay with the photos that are found again."""
    kept = {image: ranked.matches[image] for image in images.tolist() if image in ranked.matches}
    return Ranked(images, scores, kept)
