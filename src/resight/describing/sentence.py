"""One part of a recipe as arithmetic: maps to vectors, with parameters handed in; no file, no engine.

All of it works over the array API: NumPy at a query, torch on a GPU and in training, where gradients flow
from the descriptor to the maps and to the parameters. Leading axes stay, so (B, R, D) are R regions of each
of B photos. Which cells a region has is geometry, and stays NumPy.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device

from resight.describing.steps import Step, Stream, steps_at
from resight.feature_maps import FeatureMap
from resight.methods import Parameters
from resight.parts import UNIT, Part
from resight.types import Maps, Pooled, PreparedPart

AllParameters = Mapping[str, Parameters]


class Sentence:
    """The steps of a part, the `number`th of its recipe; what `given` has parameters of is not fitted."""

    def __init__(self, part: Part, number: int = 0, given: AllParameters | None = None) -> None:
        self.part, self.number, self.given = part, number, given or {}
        own = range(len(part.views.sizes) if part.views.combine == "concat" else 1)
        layers = range(part.layers)
        self.streams = [[Stream.of(part, view, layer, number) for layer in layers] for view in own]
        self.join = [steps_at("join", view, 0, part.join, number) for view in own]
        self.post = steps_at("post", 0, 0, part.post, number)
        self.summed = steps_at("policy", 0, 0, (UNIT,), number)
        self.pools_late = any(step.place == "pooling" for step in self.fitted_steps)

    @property
    def fitted_steps(self) -> list[Step]:
        """The steps that need fitting, in the order of the sentence."""
        each = [
            step for one in itertools.chain(*self.streams) for step in (one.pooling, *one.each, one.gather)
        ]
        steps = (*each, *itertools.chain(*self.join), *self.post)
        return [step for step in steps if step.method.fit and step.name not in self.given]

    @property
    def asks_for_variants(self) -> bool:
        """Whether a fit needs synthetic views of the sample's photos."""
        return any(step.method.fit_on == "views" for step in self.fitted_steps)

    def prepare(self, maps: Sequence[Sequence[Maps]]) -> PreparedPart:
        """Maps `[view][layer]` -> what they give without a fit: pooled, unless that is fitted."""
        sizes = len(self.part.views.sizes)
        if self.pools_late:
            return tuple(map(tuple, maps))
        return tuple(
            tuple(
                self.pool(found, self.streams[self.own(number % sizes)][layer].pooling, self.given)
                for layer, found in enumerate(view)
            )
            for number, view in enumerate(maps)
        )

    def pool(self, maps: Maps, pooling: Step, parameters: AllParameters) -> Pooled:
        """B maps (B, C, H, W) and their R regions -> (B, R, D); a region without a point gives zeros."""
        seen = FeatureMap(maps.cells, maps.places, maps.scale)
        masks, values = seen.masks(maps.polygons), seen.values()
        own = _like(parameters.get(pooling.name), values)
        if seen.places is None:
            return Pooled(pooling.method(values, masks, parameters=own))
        xp, there = array_namespace(values), device(values)
        if not masks.shape[2]:  # one point of zeros stands for none: a pooling needs one to know its width
            values = xp.zeros((*values.shape[:3], 1), dtype=values.dtype, device=there)
            masks = np.zeros((*masks.shape[:2], 1), np.bool_)
        empty = ~np.any(masks.reshape(len(masks), -1), axis=1)
        rows = pooling.method(values, masks | empty[:, None, None], parameters=own)
        return Pooled(xp.where(xp.asarray(empty[:, None], device=there), xp.zeros_like(rows), rows))

    def finish(self, prepared: PreparedPart, parameters: AllParameters) -> Any:
        """What was prepared -> (..., N, D): one row a photo, or one a region where regions are kept.

        By a policy, the descriptors of its operations are summed (Tursun et al., ICIP 2020, eq. 1 and 2), or
        the regions of all of them are kept.
        """
        rows = self.of_operations(prepared, parameters)
        if not self.part.views.policy:
            return rows[0]
        if self.part.keeps_regions:
            return array_namespace(*rows).concat(rows, axis=-2)
        return run(functools.reduce(lambda one, other: one + other, rows), self.summed, parameters)

    def of_operations(self, prepared: PreparedPart, parameters: AllParameters) -> list[Any]:
        """What each operation of the policy is described as, (..., N, D); without a policy of the photo."""
        sizes = len(self.part.views.sizes)
        return [
            run(self.combined(prepared[first : first + sizes], parameters), self.post, parameters)
            for first in range(0, self.part.views.count, sizes)
        ]

    def untouched(self, prepared: PreparedPart) -> PreparedPart:
        """Without a policy all views; else those that no operation changed, which are the last ones."""
        return prepared[-len(self.part.views.sizes) :] if self.part.views.policy else prepared

    def combined(self, prepared: PreparedPart, parameters: AllParameters) -> Any:
        """All views of one operation, as they enter the steps of `post` -> (..., N, D)."""
        views = [
            run(self.joined(prepared, view, parameters), self.join[self.own(view)], parameters)
            for view in range(len(prepared))
        ]
        if self.part.views.combine == "concat":
            return array_namespace(*views).concat(views, axis=-1)
        return functools.reduce(lambda one, other: one + other, views)

    def joined(self, prepared: PreparedPart, view: int, parameters: AllParameters) -> Any:
        """One view's layers, as they enter the steps of `join` -> (..., N, D)."""
        layers = []
        for layer, stream in enumerate(self.streams[self.own(view)]):
            rows = run(self.rows(prepared, view, layer, parameters), stream.each, parameters)
            layers.append(stream.gather.method(rows, parameters=parameters.get(stream.gather.name)))
        return array_namespace(*layers).concat(layers, axis=-1)

    def rows(self, prepared: PreparedPart, view: int, layer: int, parameters: AllParameters) -> Any:
        """One layer of one view, pooled, as it enters the steps of `each` -> (..., R, D)."""
        found = prepared[view][layer]
        if isinstance(found, Maps):
            found = self.pool(found, self.streams[self.own(view)][layer].pooling, parameters)
        return found.rows

    def own(self, view: int) -> int:
        """Which steps a view goes through."""
        return view if len(self.streams) > 1 else 0


def run(vectors: Any, steps: Sequence[Step], parameters: AllParameters) -> Any:
    """Steps on the rows of (..., N, D), one after the other.

    A vector of zeros, of nothing seen, stays one through each.
    """
    xp = array_namespace(vectors)
    for step in steps:
        rows = xp.reshape(vectors, (-1, vectors.shape[-1]))
        found = step.method(rows, parameters=parameters.get(step.name))
        silent = xp.all(rows == 0, axis=1, keepdims=True)
        found = xp.where(silent, xp.zeros_like(found), found)
        vectors = xp.reshape(found, (*vectors.shape[:-1], found.shape[-1]))
    return vectors


def _like(parameters: Parameters | None, values: Any) -> Parameters | None:
    """Parameters of NumPy as the kind of other arrays, and on their device; others stay."""
    if not parameters or isinstance(values, np.ndarray):
        return parameters
    xp, there = array_namespace(values), device(values)
    return {
        key: xp.asarray(value, device=there) if isinstance(value, np.ndarray) else value
        for key, value in parameters.items()
    }
