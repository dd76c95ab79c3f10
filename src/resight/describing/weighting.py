"""Parts joined into one vector, so that a dot product is the weighted mean of their similarities."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import NDArray

from resight.describing.steps import Step
from resight.errors import BadRecipe
from resight.methods import Method
from resight.parts import FITTED, Part

PLACE = "weights"
TINY = 1e-12
MOST = 2000  # rows whose similarities are compared, of a sample drawn by a fixed seed


def weighting(parts: Sequence[Part]) -> Step:
    """The last step of a recipe of several parts; it must be fitted where a weight is."""
    given = tuple(None if part.weight == FITTED else float(part.weight) for part in parts)
    fitted = functools.partial(fit, given=given) if None in given else None
    call = weighted if fitted else functools.partial(weighted, parameters=_normalised(given))
    return Step(PLACE, 0, 0, 0, Method(PLACE, PLACE, call, fitted))


def weighted(vectors: Sequence[Any], parameters: dict[str, Any]) -> Any:
    """P arrays of (..., N, D_p) -> (..., N, sum of D_p) of unit length: each so too, times its weight's root.

    A part that saw nothing (zeros) stays zeros; the others then have the whole length.
    """
    xp, weights = array_namespace(*vectors), parameters["weights"]
    roots = array_namespace(weights).sqrt(weights)
    joined = xp.concat([_unit(xp, rows) * roots[part] for part, rows in enumerate(vectors)], axis=-1)
    return _unit(xp, joined)


def fit(samples: Iterable[Sequence[NDArray[np.float32]]], *, given: Sequence[float | None]) -> dict[str, Any]:
    """Each photo's P arrays of (N, D_p) rows -> weights (P,), of sum 1.

    A weight that is not given is one over the deviation of the similarities of the sample's pairs, nearly all
    of which are unrelated: no part is then louder than another by chance.
    """
    photos = list(samples)
    if not photos:
        raise BadRecipe("The weights of parts need at least one photo to be fitted on.")
    weights = []
    for part, own in enumerate(given):
        weights.append(
            1 / _deviation(np.concatenate([rows[part] for rows in photos])) if own is None else own
        )
    return _normalised(weights)


def _deviation(rows: NDArray[np.float32]) -> float:
    """(N, D) -> the deviation of the similarities of all pairs; 1 where there is none to be seen."""
    rows = rows[rows.any(axis=1)]
    if len(rows) > MOST:
        rows = rows[np.sort(np.random.default_rng(0).choice(len(rows), MOST, replace=False))]
    unit = _unit(np, rows)
    similarities = (unit @ unit.T)[np.triu_indices(len(unit), 1)]
    if not len(similarities):
        return 1.0
    found = float(similarities.std(dtype=np.float64))
    return found if found > TINY else 1.0


def _normalised(weights: Sequence[Any]) -> dict[str, Any]:
    return {"weights": np.array(weights, np.float32) / np.float32(sum(weights))}


def _unit(xp: Any, rows: Any) -> Any:
    squares = xp.sum(rows * rows, axis=-1, keepdims=True)
    squares = xp.where(squares > 0, xp.clip(squares, min=TINY * TINY), xp.ones_like(squares))
    return rows / xp.sqrt(squares)  # of squares above zero alone, so that the gradient is finite
