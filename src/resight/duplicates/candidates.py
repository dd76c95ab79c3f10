"""Which pairs of photos are worth comparing: near neighbours that are nearer than chance brings photos."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resight.ranking import Photos
from resight.rerankers._graph import neighbours
from resight.searcher.collection import Collection
from resight.significance.largest import chance
from resight.significance.tail import FEWEST, depth, fit_tail

NEAR = 10  # neighbours of each row
SAMPLE = 100  # photos that tell how near chance brings two
LIKELY = 0.5  # what chance does in so many of the searches is not compared
STEPS = 40  # of the bisection

Pairs = NDArray[np.int64]


def candidates(photos: Collection, near: int = NEAR, sample: int = SAMPLE) -> Pairs:
    """(M, 2) numbers of images, the lower first, sorted; each pair once."""
    if photos.rows < 2:
        return np.empty((0, 2), np.int64)
    graph = neighbours(photos, min(near, photos.rows - 1))
    owners = photos.owners[graph.rows]
    close = (graph.neighbours >= 0) & (graph.similarities >= _least(photos, sample))
    rows, columns = np.nonzero(close)
    pairs = np.stack([owners[rows], owners[graph.neighbours[rows, columns]]], axis=1)
    pairs = np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1)
    return np.unique(pairs, axis=0)


def _least(photos: Collection, sample: int) -> float:
    """The similarity that chance reaches in `LIKELY` of the searches, by the median of a sample of photos."""
    size = photos.size - 1
    if size < FEWEST:
        return -np.inf
    images = np.unique(photos.owners[photos.owners >= 0])
    chosen = images[np.linspace(0, len(images) - 1, min(sample, len(images))).astype(np.int64)]
    found = [_reached(photos, image, size) for image in chosen.tolist()]
    known = [value for value in found if value is not None]
    return float(np.median(known)) if known else -np.inf


def _reached(photos: Photos, image: int, size: int) -> float | None:
    ranked = photos.nearest(photos.take(photos.rows_of(image)), depth(size) + 1).without(np.array([image]))
    tail = fit_tail(ranked.scores, size)
    if tail is None:
        return None
    low, high = tail.location, tail.location + 20 * tail.spread
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if chance(tail, middle) > LIKELY else (low, middle)
    return low
