"""Re-ranking by k-reciprocal neighbours. Zhong, Zheng, Cao and Li, CVPR 2017, section 3."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resight.ranges import at_least, share
from resight.ranking import Photos, Query, Ranked

DEPTH = "top"

Matrix = NDArray[np.float32]


def k_reciprocal(
    ranked: Ranked,
    query: Query,
    photos: Photos,
    *,
    top: int = 100,
    k1: int = 20,
    k2: int = 6,
    original: float = 0.3,
) -> Ranked:
    """Order the first `top` anew by the photos that they and the query have for neighbours.

    `original` (the paper's lambda) is the share of the first distance, 2 - 2 * similarity, beside the Jaccard
    distance. Neighbours are looked for among the query and the shortlist alone; two photos are as similar as
    their nearest rows. A photo is its own neighbour: beside `k1` others, and as one of `k2`. Scores are 1
    less the distance.
    """
    at_least(1, "k-reciprocal", top=top, k1=k1, k2=k2)
    share("k-reciprocal", original=original)
    first = ranked[:top]
    if not len(first):
        return ranked
    hits = [photos.take(photos.rows_of(image)) for image in first.images.tolist()]
    distances = _distances([query.vectors, *hits])
    final = (1 - original) * _jaccard(distances, k1, k2)[1:] + original * distances[0, 1:]
    order = np.argsort(final, kind="stable")
    return ranked.led_by(Ranked(first.images[order], (1 - final[order]).astype(np.float32)))


def _distances(photos: list[NDArray[np.float32]]) -> Matrix:
    """Each photo's (R, D) rows -> (N, N): squared distance of their nearest rows, 0 on the diagonal."""
    rows, starts = np.concatenate(photos), np.cumsum([0] + [len(each) for each in photos[:-1]])
    nearest = np.stack([np.maximum.reduceat((each @ rows.T).max(axis=0), starts) for each in photos])
    distances: Matrix = 2 - 2 * np.maximum(nearest, nearest.T)  # a product may round on one side only
    np.maximum(distances, 0, out=distances)
    np.fill_diagonal(distances, 0)
    return distances


def _jaccard(distances: Matrix, k1: int, k2: int) -> Matrix:
    """(N, N) distances -> (N,) Jaccard distances of all to the first."""
    ranks = _ranks(distances)
    near, nearer = (_reciprocal(ranks, k) for k in (k1, (k1 + 1) // 2))
    common = near.astype(np.float32) @ nearer.T
    joins = near & (3 * common >= 2 * nearer.sum(axis=1))
    wide = near | (joins.astype(np.float32) @ nearer > 0)
    encoded = np.where(wide, np.exp(-distances), 0)
    own = ranks < k2
    encoded = own.astype(np.float32) @ encoded / own.sum(axis=1, keepdims=True)
    shared = np.minimum(encoded[0], encoded).sum(axis=1)
    return np.asarray(1 - shared / np.maximum(encoded[0], encoded).sum(axis=1), np.float32)


def _ranks(distances: Matrix) -> NDArray[np.int64]:
    """(N, N): at which place of the row's own list each photo stands, itself at 0; ties in their order."""
    lists = distances.copy()
    np.fill_diagonal(lists, -1)
    return lists.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")


def _reciprocal(ranks: NDArray[np.int64], k: int) -> NDArray[np.bool_]:
    """(N, N): whether each of two photos is among the `k` nearest of the other."""
    near = ranks <= k
    return np.asarray(near & near.T)
