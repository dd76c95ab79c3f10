"""Each row of the database with its neighbours added: what they weigh, and how long such sums are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from resight.ranking import Numbers, Photos
from resight.rerankers._graph import Graph
from resight.types import Vectors

BLOCK_FLOATS = 1 << 23  # of the vectors that are in memory at a time
VANISHED = 1e-6  # a sum of unit vectors this short points nowhere


@dataclass(frozen=True, eq=False)
class Augmented:
    """Sums of rows: M row numbers (M,), their neighbours as places among them (M, k), -1 for none.

    `weights` (M, k) of the neighbours, a row's own is 1; `lengths` (M,) of the sums.
    """

    rows: Numbers
    neighbours: NDArray[np.int32]
    weights: Vectors
    lengths: Vectors

    def scores(self, vectors: Vectors, photos: Photos) -> Vectors:
        """(Q, D) -> (M,) the largest dot product of each sum, at unit length, with any of these vectors."""
        products = np.empty((len(self.rows), len(vectors)), np.float32)
        for span in _blocks(len(self.rows), vectors.shape[1]):
            products[span] = photos.take(self.rows[span]) @ vectors.T
        found = np.empty(len(self.rows), np.float32)
        for span in _blocks(len(self.rows), products.shape[1] * (1 + self.neighbours.shape[1])):
            added = _added(self.weights[span], products[self.neighbours[span]])
            found[span] = (products[span] + added).max(axis=1) / self.lengths[span]
        return found

    def without(self, places: Numbers, photos: Photos) -> Augmented:
        """The same sums, had the rows at these places never been a neighbour."""
        gone = np.flatnonzero(np.isin(self.neighbours, places.astype(np.int32)))
        changed = np.unique(gone // self.neighbours.shape[1])
        weights, lengths = self.weights.copy(), self.lengths.copy()
        weights.flat[gone] = 0
        few = self.neighbours[changed], weights[changed]
        weights[changed], lengths[changed] = _measured(photos, self.rows, changed, *few)
        return replace(self, weights=weights, lengths=lengths)


_LAST: dict[str, Augmented] = {}  # one for all queries, for as long as the database stays the same


def augmented(
    photos: Photos, graph: Graph, allowed: NDArray[np.bool_], weighing: str, alpha: float
) -> Augmented:
    """The sums of all rows of the graph; those that are not `allowed` (M,) are added to nothing.

    The last sums are kept: to measure them all reads each row k times.
    """
    state = hashlib.blake2b(graph.rows.tobytes() + np.packbits(allowed).tobytes(), digest_size=16).hexdigest()
    key = f"{photos.identity} {photos.folder} {graph.neighbours.shape[1]} {weighing} {alpha} {state}"
    made = _LAST.get(key)
    if made is None:
        weights, every = _weights(graph, allowed, weighing, alpha), np.arange(len(graph.rows))
        sums = _measured(photos, graph.rows, every, graph.neighbours, weights)
        made = Augmented(graph.rows, graph.neighbours, *sums)
        _LAST.clear()
        _LAST[key] = made
    return made


def _weights(graph: Graph, allowed: NDArray[np.bool_], weighing: str, alpha: float) -> Vectors:
    """(M, k): of each neighbour, 0 where there is none or it is not allowed."""
    k = graph.neighbours.shape[1]
    if weighing == "rank":
        weights = np.broadcast_to(1 - np.arange(1, k + 1) / k, graph.neighbours.shape)
    else:
        weights = np.where(graph.similarities > 0, np.maximum(graph.similarities, 0) ** alpha, 0)
    counts = (graph.neighbours >= 0) & allowed[graph.neighbours]
    return np.where(counts, weights, 0).astype(np.float32)


def _measured(
    photos: Photos, rows: Numbers, places: Numbers, neighbours: NDArray[np.int32], weights: Vectors
) -> tuple[Vectors, Vectors]:
    """Of the sums of the rows at these places: weights (P, k), all 0 where a sum vanished; lengths (P,)."""
    weights, lengths = weights.copy(), np.empty(len(places), np.float32)
    for span in _blocks(len(places), photos.take(rows[:1]).shape[1] * (1 + weights.shape[1])):
        own, near = photos.take(rows[places[span]]), neighbours[span]
        others = photos.take(rows[near.ravel()]).reshape(*near.shape, own.shape[1])
        length = np.linalg.norm(own + _added(weights[span], others), axis=1)
        vanished = length <= VANISHED
        weights[span][vanished] = 0
        length[vanished] = np.linalg.norm(own[vanished], axis=1)
        lengths[span] = np.where(length > VANISHED, length, 1)
    return weights, lengths


def _added(weights: Vectors, values: Vectors) -> Vectors:
    """(B, k) weights, (B, k, D) values of the neighbours -> (B, D)."""
    added: Vectors = np.einsum("bk,bkd->bd", weights, values)  # twice as fast as a product of matrices
    return added


def _blocks(count: int, floats: int) -> Iterator[slice]:
    """Spans of so many rows that their floats, `floats` a row, fit into a block."""
    size = max(1, BLOCK_FLOATS // max(1, floats))
    return (slice(start, min(start + size, count)) for start in range(0, count, size))
