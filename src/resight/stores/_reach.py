"""How well a server finds the rows of a gallery, and which it never finds."""

from __future__ import annotations

import numpy as np

from resight.stores._promise import Given, Rows
from resight.stores._recall import ENOUGH, K, draw, shares
from resight.stores._served import Effort, Served, Server
from resight.types import Vectors

LEAST = 64  # rows of unit length, to measure on
LOST = 64  # rows at most that are set apart: where more are missed, the graph is bad, and not some rows
AT_ONCE = 20  # queries
NONE = np.empty(0, np.int64)


def measure(server: Server, served: Served, given: Given) -> tuple[Rows, tuple[Effort, ...]]:
    """Sorted rows that no search comes to, and the recall at K of ever more effort, these rows left out.

    A graph may have rows to which no path leads. Of those that belong to the nearest of a sample, and that
    the most effort has missed, each is asked for by its own vector.
    """
    inside = np.ones(min(served.rows, len(given.vectors)), np.bool_)
    inside[given.deleted] = inside[served.apart[served.apart < len(inside)]] = False
    if inside.sum() < LEAST:
        return NONE, ()
    sample, found = draw(given.vectors, np.flatnonzero(inside)), []
    for candidates, factor in server.efforts:
        found.append(_ask(server, served, sample.queries, K * factor, candidates))
        if _recall(found[-1], sample.truth, factor) >= ENOUGH:
            break
    lost = _find_lost(server, served, given.vectors, np.setdiff1d(sample.truth, found[-1]))
    truth = np.where(np.isin(sample.truth, lost), -1, sample.truth)
    efforts = zip(server.efforts, found, strict=False)  # as far as was measured
    return lost, tuple(
        Effort(candidates, factor, round(_recall(own, truth, factor), 5))
        for (candidates, factor), own in efforts
    )


def _recall(found: Rows, truth: Rows, factor: int) -> float:
    (recall,) = shares(found, truth, [K * factor])
    return recall


def _find_lost(server: Server, served: Served, vectors: Vectors, missed: Rows) -> Rows:
    """Those of the rows that are not found by their own vectors, either; none where they are many."""
    missed = missed[missed >= 0]
    if not 0 < len(missed) <= LOST:
        return NONE
    candidates, factor = server.efforts[-1]
    found = _ask(server, served, np.asarray(vectors)[missed], K * factor, candidates)
    lost: Rows = missed[~(found == missed[:, None]).any(axis=1)]
    return lost


def _ask(server: Server, served: Served, queries: Vectors, depth: int, candidates: int) -> Rows:
    """(Q, depth) row numbers, -1 for none."""
    found = np.full((len(queries), depth), -1, np.int64)
    for start in range(0, len(queries), AT_ONCE):
        told = server.name(served, queries[start : start + AT_ONCE], depth, candidates)
        if told is not None:
            found[start : start + AT_ONCE, : told[1].shape[1]] = told[1]
    return found
