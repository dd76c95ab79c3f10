"""One part of a recipe as arithmetic: maps to vectors, with parameters handed in; no file, no engine."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from resight.areas import Polygon
from resight.describing.steps import Step, Stream, steps_at
from resight.feature_maps import FeatureMap
from resight.methods import Parameters
from resight.parts import Part
from resight.types import Maps, Pooled, Prepared, PreparedPart, Varied, Vectors

AllParameters = Mapping[str, Parameters]


class Sentence:
    """The steps of a part, the `number`th of its recipe."""

    def __init__(self, part: Part, number: int = 0) -> None:
        self.part, self.number = part, number
        own = range(len(part.views.sizes) if part.views.combine == "concat" else 1)
        layers = range(part.layers)
        self.streams = [[Stream.of(part, view, layer, number) for layer in layers] for view in own]
        self._join = [steps_at("join", view, 0, part.join, number) for view in own]
        self._post = steps_at("post", 0, 0, part.post, number)
        self.pools_late = self.streams[0][0].pooling.method.fit is not None

    @property
    def fitted_steps(self) -> list[Step]:
        """The steps that need fitting, in the order of the sentence."""
        each = [
            step for one in itertools.chain(*self.streams) for step in (one.pooling, *one.each, one.gather)
        ]
        return [step for step in (*each, *itertools.chain(*self._join), *self._post) if step.method.fit]

    @property
    def asks_for_variants(self) -> bool:
        """Whether a fit needs synthetic views of the sample's photos."""
        return any(step.method.fit_on == "views" for step in self.fitted_steps)

    def prepare(
        self, maps: Sequence[Sequence[FeatureMap]], polygons: Sequence[Sequence[Sequence[Polygon]]]
    ) -> PreparedPart:
        """Maps and regions `[view][layer]` -> what they give without a fit: pooled, unless that is fitted."""
        return tuple(
            tuple(
                self._prepare(layer, features, tuple(regions))
                for layer, (features, regions) in enumerate(zip(of_view, found, strict=True))
            )
            for of_view, found in zip(maps, polygons, strict=True)
        )

    def finish(self, prepared: PreparedPart, parameters: AllParameters) -> Vectors:
        """What was prepared -> (1, D), or (R, D) where regions are kept."""
        return _run(self._combined(prepared, parameters), self._post, parameters)

    def entering(self, step: Step, photo: Prepared, parameters: AllParameters) -> Iterator[Any]:
        """What the fit of a step is given of one photo, view by view; all steps before it must be fitted."""
        own = self._entering(step, photo.parts[self.number], parameters)
        if step.method.fit_on != "views":
            yield from own
            return
        varied = [list(self._entering(step, each.parts[self.number], parameters)) for each in photo.variants]
        for view, rows in enumerate(own):
            yield Varied(rows, tuple(each[view] for each in varied))

    def _entering(self, step: Step, prepared: PreparedPart, parameters: AllParameters) -> Iterator[Any]:
        """To a pooling (features (1, C, H, W), masks); to any other step (N, D) rows."""
        if step.place == "post":
            yield _run(self._combined(prepared, parameters), self._post[: step.index], parameters)
            return
        for view in range(len(prepared)):
            if self._own(view) != step.view:
                continue
            stream = self.streams[step.view][step.layer]
            if step.place == "pooling":
                found = prepared[view][step.layer]
                assert isinstance(found, Maps)
                seen = _seen(found)
                yield seen.values(), seen.masks(found.polygons)
            elif step.place == "join":
                yield _run(
                    self._joined(prepared, view, parameters), self._join[step.view][: step.index], parameters
                )
            else:
                until = len(stream.each) if step.place == "gather" else step.index
                yield _run(
                    self._rows(prepared, view, step.layer, parameters), stream.each[:until], parameters
                )

    def _own(self, view: int) -> int:
        """Which steps a view goes through."""
        return view if len(self.streams) > 1 else 0

    def _prepare(self, layer: int, features: FeatureMap, regions: tuple[Polygon, ...]) -> Pooled | Maps:
        if self.pools_late:
            return Maps(features.cells, regions, features.places, features.scale)
        return Pooled(_pooled(self.streams[0][layer].pooling, features, regions, {}))

    def _rows(self, prepared: PreparedPart, view: int, layer: int, parameters: AllParameters) -> Vectors:
        """One layer of one view, pooled -> (R, D)."""
        found = prepared[view][layer]
        if isinstance(found, Pooled):
            return found.rows
        pooling = self.streams[self._own(view)][layer].pooling
        return _pooled(pooling, _seen(found), found.polygons, parameters)

    def _joined(self, prepared: PreparedPart, view: int, parameters: AllParameters) -> Vectors:
        """One view's layers -> (1, D), or (R, D) where regions are kept."""
        layers = []
        for layer, stream in enumerate(self.streams[self._own(view)]):
            rows = self._rows(prepared, view, layer, parameters)
            layers.append(_run(rows, [*stream.each, stream.gather], parameters))
        return np.concatenate(layers, axis=1)

    def _combined(self, prepared: PreparedPart, parameters: AllParameters) -> Vectors:
        views = [
            _run(self._joined(prepared, view, parameters), self._join[self._own(view)], parameters)
            for view in range(len(prepared))
        ]
        if self.part.views.combine == "concat":
            return np.concatenate(views, axis=1)
        combined: Vectors = np.sum(views, axis=0, dtype=np.float32)
        return combined


def _seen(found: Maps) -> FeatureMap:
    """The map as the backbone gave it."""
    return FeatureMap(found.cells, found.places, found.scale)


def _pooled(
    pooling: Step, features: FeatureMap, polygons: Sequence[Polygon], parameters: AllParameters
) -> Vectors:
    """A map and R polygons -> (R, D); a region without a point gives zeros."""
    masks, values = features.masks(polygons), features.values()
    if features.places is None:
        rows: Vectors = pooling.method(values, masks, parameters=parameters.get(pooling.name))[0]
        return rows
    if not masks.shape[2]:  # one point of zeros stands for none, since a pooling needs one to know its width
        values = np.zeros((*values.shape[:3], 1), np.float32)
        masks = np.zeros((*masks.shape[:2], 1), np.bool_)
    empty = ~np.any(masks.reshape(len(masks), -1), axis=1)
    rows = pooling.method(values, masks | empty[:, None, None], parameters=parameters.get(pooling.name))[0]
    rows[empty] = 0
    return rows


def _run(vectors: Vectors, steps: Sequence[Step], parameters: AllParameters) -> Vectors:
    """The steps, one after the other; a vector of zeros, of nothing seen, stays one through each."""
    for step in steps:
        silent = (vectors == 0).all(axis=1)
        vectors = step.method(vectors, parameters=parameters.get(step.name))
        if len(silent) == len(vectors) and silent.any():
            vectors[silent] = 0
    return vectors
