"""Diffusion on the graph of mutual neighbours. Iscen, Tolias, Avrithis, Furon and Chum, CVPR 2017."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resight.errors import BadSetting
from resight.ranges import at_least
from resight.ranking import Numbers, Photos, Query, Ranked
from resight.rerankers._affinity import normalised
from resight.rerankers._conjugate_gradient import solve
from resight.rerankers._graph import neighbours
from resight.types import Vectors

POOLS = {"sum": np.add, "max": np.maximum}


def diffusion(
    ranked: Ranked,
    query: Query,
    photos: Photos,
    *,
    k: int = 50,
    query_k: int = 10,
    gamma: float = 3.0,
    alpha: float = 0.99,
    steps: int = 100,
    tolerance: float = 1e-6,
    truncate: int = 10_000,
    pool: str = "sum",
) -> Ranked:
    """As many photos as `ranked` has: those that diffusion reaches, then the others in their order.

    Solves (I - alpha S) f = y. S is the normalised affinity of rows that are among the `k` nearest of each
    other; y holds, for each of the query's rows, its similarity to its `query_k` nearest rows. Similarities
    count to the power `gamma`. The score of a photo is the sum of f over its rows, or with `pool` max the
    highest. Photos that may not be found are no part of the graph. The query's own rows, where it is one of
    the photos, are; they are not among its nearest, and not in the answer.

    `truncate`: only the rows of so many images, those nearest to the query, are in S, normalised anew; 0
    takes all. The solver is the conjugate gradient method; it ends after `steps` or as soon as the rest is
    `tolerance` times y. The graph is made once, and kept (`resight.rerankers._graph`).
    """
    _check(k, query_k, gamma, alpha, steps, tolerance, truncate, pool)
    if not len(ranked):
        return ranked
    graph, own = neighbours(photos, k), np.array([] if query.image is None else [query.image], np.int64)
    owners = photos.owners[graph.rows]
    near = photos.nearest(query.vectors, max(truncate, query_k + len(own)))
    start = np.zeros(len(graph), np.float32)
    for vector in query.vectors:
        best = near if len(query.vectors) == 1 else photos.nearest(vector[None], query_k + len(own))
        rows, similarities = _nearest_rows(vector, best.without(own)[:query_k], photos, query_k)
        start[np.searchsorted(graph.rows, rows)] += similarities ** np.float32(gamma)
    whole = not 0 < truncate < len(graph)
    nodes = photos.allowed(owners) if whole else _marked(near.images[:truncate], owners) | (start > 0)
    values = solve(normalised(graph, gamma, nodes), start[nodes], alpha, steps, tolerance)
    found = _ordered(owners[nodes], values, pool).without(own)
    return ranked.led_by(found)[: len(ranked)]


def _check(
    k: int, query_k: int, gamma: float, alpha: float, steps: int, tolerance: float, truncate: int, pool: str
) -> None:
    at_least(1, "diffusion", k=k, query_k=query_k, steps=steps)
    at_least(0, "diffusion", gamma=gamma, alpha=alpha, tolerance=tolerance, truncate=truncate)
    if np.float32(alpha) >= 1:
        raise BadSetting(f"'diffusion' takes less than 1 for 'alpha', not {alpha:g}.")
    if pool not in POOLS:
        raise BadSetting(f"'diffusion' takes {' or '.join(POOLS)} for 'pool', not '{pool}'.")


def _nearest_rows(vector: Vectors, near: Ranked, photos: Photos, k: int) -> tuple[Numbers, Vectors]:
    """The rows with the k highest similarities to a vector (D,), and these, of those above zero.

    The k nearest rows belong to the k nearest images.
    """
    rows = np.concatenate([np.empty(0, np.int64), *map(photos.rows_of, near.images.tolist())])
    similarities = photos.take(rows) @ vector
    first = np.argsort(-similarities, kind="stable")[:k]
    first = first[similarities[first] > 0]
    return rows[first], similarities[first]


def _marked(images: Numbers, owners: Numbers) -> NDArray[np.bool_]:
    """Whether each owner is among the images; faster than to sort them."""
    marks = np.zeros(owners.max() + 1, bool)
    marks[images] = True
    return marks[owners]


def _ordered(owners: Numbers, values: Vectors, pool: str) -> Ranked:
    """The images whose rows have values above zero, highest first."""
    scores = np.zeros(owners.max(initial=-1) + 1, np.float32)  # by the number of the image
    POOLS[pool].at(scores, owners, np.maximum(values, 0))
    images = np.flatnonzero(scores)
    images = images[np.argsort(-scores[images], kind="stable")]
    return Ranked(images, scores[images])
