"""Inverted lists of residuals in 4-bit product codes. Jégou et al., TPAMI 2011; André et al., ICMR 2017."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight.processors import processors
from resight.types import Vectors

ROUNDS = 5  # of k-means
CODES = 16  # centroids of a sub-space, which four bits name
SUBSPACES = 256  # at most so many; two numbers of a row share a code up to rows of 512
BLOCK = 32  # rows that FAISS scans at once: a list's codes stand in blocks of so many
SEED = 1234


@dataclass(frozen=True, eq=False)
class Coding:
    """What training leaves: `centroids` (L, P) of lists, and `codebooks` (S, 16, P / S) of residuals.

    P is the width of the rows, filled up with zeros to a multiple of S.
    """

    centroids: Vectors
    codebooks: Vectors

    @property
    def lists(self) -> int:
        """How many lists there are."""
        return len(self.centroids)

    @property
    def bytes_a_row(self) -> int:
        """Bytes of a row's code."""
        return (len(self.codebooks) + 1) // 2

    def widen(self, rows: Vectors) -> Vectors:
        """(N, D) -> (N, P) rows, contiguous."""
        missing = self.centroids.shape[1] - rows.shape[1]
        return np.ascontiguousarray(np.pad(rows, ((0, 0), (0, missing))) if missing else rows)

    def assemble(self) -> Any:
        """An index of FAISS that has this coding, and no row."""
        import faiss

        width, subspaces = self.centroids.shape[1], len(self.codebooks)
        quantizer = faiss.IndexFlatL2(width)
        quantizer.add(self.centroids)
        index = faiss.IndexIVFPQFastScan(quantizer, width, self.lists, subspaces, 4)
        index.by_residual = True
        faiss.copy_array_to_vector(np.ascontiguousarray(self.codebooks).ravel(), index.pq.centroids)
        index.is_trained = True
        return index  # it keeps a reference to the quantizer


def set_threads(multiplications: int) -> None:
    """Let what FAISS does in this thread have all cores, or, where it is soon done, only this one.

    Its threads wait at full speed for each other, which on a busy machine takes longer than such work does.
    """
    import faiss

    faiss.omp_set_num_threads(processors() if multiplications > LARGE else 1)


LARGE = 1 << 31


def count_lists(rows: int) -> int:
    """How many lists suit so many rows: the power of two near to four times the root."""
    wanted = 2 ** round(np.log2(4 * np.sqrt(max(rows, 1))))
    return int(max(1, min(wanted, MOST_LISTS, rows // LEAST_IN_LIST)))


MOST_LISTS = 8192  # which bounds the time that each row takes to be added
LEAST_IN_LIST = 16


def train(sample: Vectors, lists: int, stopping: Callable[[], bool]) -> Coding | None:
    """Learn lists and codes from (N, D) rows of unit length; None if it was asked to stop."""
    import faiss

    width = sample.shape[1]
    set_threads(len(sample) * lists * width)
    each = -(-width // SUBSPACES) if width > 2 * SUBSPACES else min(2, width)
    subspaces = -(-width // each)
    rows = np.ascontiguousarray(np.pad(sample, ((0, 0), (0, subspaces * each - width))))
    centroids = _cluster(rows, lists, stopping)
    if centroids is None or stopping():
        return None
    some = rows[: 64 * 1024]
    flat = faiss.IndexFlatL2(rows.shape[1])
    flat.add(centroids)
    residuals = some - centroids[flat.search(some, 1)[1][:, 0]]
    set_threads(0)  # each sub-space is soon done
    quantizer = faiss.ProductQuantizer(rows.shape[1], subspaces, 4)
    quantizer.cp.min_points_per_centroid, quantizer.cp.seed = 1, SEED
    quantizer.cp.max_points_per_centroid, quantizer.cp.niter = 512, 15
    quantizer.train(_at_least(residuals, CODES))
    codebooks = faiss.vector_to_array(quantizer.centroids).reshape(subspaces, CODES, each)
    return Coding(centroids, codebooks.copy())


def _cluster(rows: Vectors, lists: int, stopping: Callable[[], bool]) -> Vectors | None:
    """K-means, a round at a time, so that it can be stopped; (lists, P)."""
    import faiss

    clustering = faiss.Clustering(rows.shape[1], lists)
    clustering.niter, clustering.seed = 1, SEED
    clustering.min_points_per_centroid, clustering.max_points_per_centroid = 1, len(rows)
    flat = faiss.IndexFlatL2(rows.shape[1])
    for _ in range(ROUNDS):
        if stopping():
            return None
        clustering.train(rows, flat)
    found: NDArray[np.float32] = faiss.vector_to_array(clustering.centroids)
    return found.reshape(lists, rows.shape[1]).copy()


def _at_least(rows: Vectors, count: int) -> Vectors:
    """The rows, repeated where there are fewer than so many: FAISS refuses to learn more codes than rows."""
    return np.ascontiguousarray(np.resize(rows, (max(count, len(rows)), rows.shape[1])))
