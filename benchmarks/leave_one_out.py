"""Every labelled photo looks for its partners among all others; the query itself is left out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from resight.metrics import average_precision, recall_at


def scored(similarities: NDArray[np.float32], labels: Sequence[str]) -> tuple[list[float], list[float]]:
    """(N, N) scores, N labels, empty for a distractor -> average precision (finite sum) and R@1 a query.

    A photo whose label no other has is no query.
    """
    names, precisions, firsts = np.array(labels), [], []
    for query in np.flatnonzero(names != ""):
        order = np.argsort(-similarities[query], kind="stable")
        ranks = np.flatnonzero((names[order] == names[query])[order != query])
        if len(ranks):
            precisions.append(average_precision(ranks, len(ranks)))
            firsts.append(recall_at(ranks, 1))
    return precisions, firsts


def by_best_pair(
    descriptors: Sequence[NDArray[np.float32]], asking: slice = slice(None)
) -> NDArray[np.float32]:
    """Each photo's (R, D) rows -> (N, N): the largest dot product of a row of one with a row of the other.

    A row of the result is a query, for which those of its rows are looked for that `asking` says.
    """
    rows = np.concatenate(descriptors)
    starts = np.cumsum([0] + [len(each) for each in descriptors[:-1]])
    best = [np.maximum.reduceat(rows @ each[asking].T, starts, axis=0).max(1) for each in descriptors]
    return np.stack(best)
