"""Affinities of mutual neighbours as a sparse matrix. Iscen et al., CVPR 2017, section 3."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight.rerankers._graph import Graph


def normalised(graph: Graph, gamma: float, nodes: NDArray[np.bool_]) -> Any:
    """D^-1/2 W D^-1/2 of the rows that are among `nodes` (M,): a sparse matrix (N, N), symmetric, float32.

    W holds the similarity of two rows to the power `gamma` where each is a neighbour of the other, and 0
    elsewhere, on the diagonal, and where the similarity is negative. D holds the sums of the rows of W. A
    row without a mutual neighbour is 0.
    """
    if nodes.all():
        return _whole(graph, gamma)
    chosen = np.flatnonzero(nodes)
    return _divided(_affinity(graph, gamma)[chosen][:, chosen])


@lru_cache(2)
def _whole(graph: Graph, gamma: float) -> Any:
    return _divided(_affinity(graph, gamma).copy())


@lru_cache(2)
def _affinity(graph: Graph, gamma: float) -> Any:
    from scipy.sparse import csr_matrix

    listed = graph.similarities > 0  # where there is no neighbour it is -inf
    starts = np.concatenate([[0], np.cumsum(listed.sum(axis=1))])
    values = graph.similarities[listed] ** np.float32(gamma)
    one_way = csr_matrix((values, graph.neighbours[listed], starts), (len(graph), len(graph)))
    one_way.sort_indices()
    return one_way.minimum(one_way.T).tocsr()  # 0 where only one lists the other


def _divided(matrix: Any) -> Any:
    """The matrix itself, each value divided by the roots of the sums of its row and its column."""
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    factors = np.zeros_like(sums)
    np.divide(1, np.sqrt(sums), out=factors, where=sums > 0)
    matrix.data *= np.repeat(factors, np.diff(matrix.indptr)) * factors[matrix.indices]
    return matrix
