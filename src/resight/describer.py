"""Images to descriptors: runs the sentence of a recipe, in two halves.

`prepare` does what costs (views, backbone, regions, and the pooling unless that must be fitted) and needs no
parameters; `finish` does the rest. Between them stand a photo's pooled vectors or feature maps, which a
gallery keeps so that a new fit never sends a photo through the network twice.
"""

from __future__ import annotations

import functools
import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from resight import areas, methods, saliency
from resight.areas import WHOLE, Polygon
from resight.engines import Engine, load, refuse_other_views
from resight.errors import NotFitted
from resight.images import PIXEL_PATH, Photo, read
from resight.methods import Parameters
from resight.recipe import NO_PARAMETERS, PRECISION, Recipe, fingerprint
from resight.steps import Step, Stream, steps_at
from resight.types import Box, Descriptor, Prepared, Region, Vectors
from resight.views import View, enough, views


class Fitted(Protocol):
    """What a describer is made from: a gallery keeps this promise."""

    @property
    def recipe(self) -> Recipe:
        """Its sentence."""
        ...

    def parameters(self, generation: int | None = None) -> tuple[dict[str, Parameters], str]:
        """The parameters of its fitted steps, and what they are called."""
        ...


class Describer:
    """A recipe, a way to run its network, and the parameters of its fitted steps, if they are known yet.

    Safe to call from several threads; a photo's descriptor depends on nothing but the photo.
    """

    def __init__(
        self,
        recipe: Recipe,
        parameters: dict[str, Parameters] | None = None,
        parameters_id: str = NO_PARAMETERS,
        engine: Callable[[], Engine] | None = None,
    ) -> None:
        self.recipe, self.parameters, self.parameters_id = recipe, parameters or {}, parameters_id
        self._load_engine = engine or (lambda: load(recipe.backbone))
        self._engine: Engine | None = None
        self._loading = threading.Lock()
        self._regions = methods.find("regions", recipe.regions)
        own = range(len(recipe.views.sizes) if recipe.views.combine == "concat" else 1)
        layers = range(len(recipe.backbone.layers))
        self._streams = [[Stream.of(recipe, view, layer) for layer in layers] for view in own]
        self._join = [steps_at("join", view, 0, recipe.join) for view in own]
        self._post = steps_at("post", 0, 0, recipe.post)
        self._keeps = recipe.keeps_regions
        self._pools_late = self._streams[0][0].pooling.method.fit is not None

    @property
    def engine(self) -> Engine:
        """What runs the network; loaded once, when it is first needed: not every question needs it."""
        with self._loading:
            if self._engine is None:
                loaded = self._load_engine()
                refuse_other_views(getattr(loaded, "only", 0), self.recipe.views)
                self._engine = loaded
        return self._engine

    @functools.cached_property
    def fingerprint(self) -> str:
        """Descriptors of equal fingerprints can be compared."""
        return fingerprint(self.recipe, self.engine.weights, self.parameters_id, PIXEL_PATH, PRECISION)

    @functools.cached_property
    def fitted_steps(self) -> list[Step]:
        """The steps that need fitting, in the order of the sentence."""
        streams = itertools.chain(*self._streams)
        each = [step for one in streams for step in (one.pooling, *one.each, one.gather)]
        return [step for step in (*each, *itertools.chain(*self._join), *self._post) if step.method.fit]

    @functools.cached_property
    def is_fitted(self) -> bool:
        """Whether the parameters of all fitted steps are known."""
        return all(step.name in self.parameters for step in self.fitted_steps)

    def with_parameters(self, parameters: dict[str, Parameters], parameters_id: str) -> Describer:
        """The same describer, fitted."""
        return Describer(self.recipe, parameters, parameters_id, lambda: self.engine)

    def __call__(self, photo: Photo, box: Box | None = None) -> Descriptor:
        """Describe a photo, or a box in it."""
        return self.finish(self.prepare(photo, box))

    def read(self, source: bytes | Path | str, turn: int = 0) -> Photo:
        """A photo to be described whole, with as many pixels as its views need; raises BadImage.

        `turn` are degrees clockwise, by which it is turned first.
        """
        return read(source, enough=functools.partial(enough, wanted=self.recipe.views), turn=turn)

    def prepare(self, photo: Photo, box: Box | None = None) -> Prepared:
        """The first half: a photo -> what its views, layers and regions give without any fit.

        A box in a photo whose regions are kept is one region, the box: it says itself what is looked for.
        """
        arrays, polygons = [], []
        kept: tuple[Region, ...] = ()
        for view in views(photo, self.recipe.views, box):
            maps = [_channels_last(features) for features in self.engine(view.pixels[None])]
            whole = box is not None and self._keeps
            found = [[WHOLE] if whole else self._polygons(view, features) for features in maps]
            pairs = zip(self._streams[0], maps, found, strict=True)
            if self._pools_late:
                arrays.append([features[0] for features in maps])
                polygons.append(found)
            else:
                arrays.append([self._pooled(one.pooling, features, own) for one, features, own in pairs])
            if self._keeps:
                kept = tuple(Region.of(view.to_original(polygon)) for polygon in found[0])
        return Prepared(arrays, kept, polygons)

    def bytes_kept(self) -> int:
        """Bytes of the feature maps of a large photo, where these wait for a fit of the pooling; else 0."""
        if not self._pools_late:
            return 0
        side = max(self.recipe.views.sizes)
        blank = self.prepare(Photo(np.zeros((side, side, 3), np.uint8), side, side))
        return sum(array.nbytes for layers in blank.arrays for array in layers)

    def finish(self, prepared: Prepared) -> Descriptor:
        """The second half: what was prepared -> the descriptor."""
        if not self.is_fitted:
            raise NotFitted(f"The recipe '{self.recipe.name}' must be fitted on photos before it describes.")
        vectors = self._run(self._combined(prepared), self._post)
        regions = prepared.regions if self._keeps else None
        return Descriptor(np.ascontiguousarray(vectors, dtype=np.float32), regions, self.fingerprint)

    def entering(self, step: Step, prepared: Prepared) -> Iterator[Any]:
        """What comes to a step from one photo, view by view; all steps before it must be fitted.

        To a pooling (features (1, C, H, W), masks); to any other step (N, D) rows.
        """
        if step.place == "post":
            yield self._run(self._combined(prepared), self._post[: step.index])
            return
        for view in range(len(prepared.arrays)):
            if self._own(view) != step.view:
                continue
            stream = self._streams[step.view][step.layer]
            if step.place == "pooling":
                yield _with_masks(prepared.arrays[view][step.layer], prepared.polygons[view][step.layer])
            elif step.place == "join":
                yield self._run(self._joined(prepared, view), self._join[step.view][: step.index])
            else:
                until = len(stream.each) if step.place == "gather" else step.index
                yield self._run(self._rows(prepared, view, step.layer), stream.each[:until])

    def _own(self, view: int) -> int:
        """Which steps a view goes through."""
        return view if len(self._streams) > 1 else 0

    def _polygons(self, view: View, features: Vectors) -> list[Polygon]:
        alpha = saliency.spatial(np.maximum(features, 0))[0]
        found: list[Polygon] = self._regions(view.pixels, alpha)
        return found

    def _pooled(self, pooling: Step, features: Vectors, polygons: Sequence[Polygon]) -> Vectors:
        """(1, C, H, W) and R polygons -> (R, D)."""
        parameters = self.parameters.get(pooling.name)
        rows: Vectors = pooling.method(
            features, areas.masks(polygons, *features.shape[2:]), parameters=parameters
        )[0]
        return rows

    def _rows(self, prepared: Prepared, view: int, layer: int) -> Vectors:
        """One layer of one view, pooled -> (R, D)."""
        array = prepared.arrays[view][layer]
        if not self._pools_late:
            return array
        pooling = self._streams[self._own(view)][layer].pooling
        return self._pooled(pooling, _channels_last(array[None]), prepared.polygons[view][layer])

    def _joined(self, prepared: Prepared, view: int) -> Vectors:
        """One view's layers -> (1, D), or (R, D) where regions are kept."""
        parts = []
        for layer, stream in enumerate(self._streams[self._own(view)]):
            rows = self._rows(prepared, view, layer)
            parts.append(self._run(rows, [*stream.each, stream.gather]))
        return np.concatenate(parts, axis=1)

    def _combined(self, prepared: Prepared) -> Vectors:
        views = range(len(prepared.arrays))
        parts = [self._run(self._joined(prepared, view), self._join[self._own(view)]) for view in views]
        if self.recipe.views.combine == "concat":
            return np.concatenate(parts, axis=1)
        combined: Vectors = np.sum(parts, axis=0, dtype=np.float32)
        return combined

    def _run(self, vectors: Vectors, steps: Sequence[Step]) -> Vectors:
        for step in steps:
            vectors = step.method(vectors, parameters=self.parameters.get(step.name))
        return vectors


def describer_like(source: Fitted, engine: str = "auto", workers: int = 1) -> Describer:
    """A describer that gives descriptors like those of a gallery."""
    recipe = source.recipe
    return Describer(recipe, *source.parameters(), lambda: load(recipe.backbone, engine, workers))


def _channels_last(features: Vectors) -> Vectors:
    """The same array, channels last in memory: pooling over height and width then runs along whole rows."""
    return np.ascontiguousarray(features.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


def _with_masks(features: Vectors, polygons: Sequence[Polygon]) -> tuple[Vectors, areas.Masks]:
    return _channels_last(features[None]), areas.masks(polygons, *features.shape[1:])
