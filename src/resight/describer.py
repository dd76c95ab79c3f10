"""Images to descriptors: runs the sentence of a recipe, in two halves.

`pool` does what costs (views, backbone, regions, pooling) and needs no fitted step; `finish` does the rest
and needs parameters. Between them stand the pooled vectors, which a gallery keeps so that a new fit never
sends a photo through the network twice.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from resight import methods
from resight.engines import Engine, load
from resight.errors import NotFitted
from resight.images import PIXEL_PATH, Photo, read
from resight.methods import Method, Parameters
from resight.recipe import NO_PARAMETERS, PRECISION, Recipe, fingerprint
from resight.types import Box, Descriptor, Pooled, Region, Vectors
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


@dataclass(frozen=True)
class Step:
    """A step at its place in the sentence: `each` is fitted for every layer, the others once."""

    place: str
    layer: int
    index: int
    method: Method

    @property
    def name(self) -> str:
        """The key of its parameters."""
        return f"{self.place}.{self.layer}.{self.index}"


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
        self._regions = methods.find("regions", recipe.regions)
        self._pooling = methods.find("poolings", recipe.pooling)
        layers = range(len(recipe.backbone.layers))
        self._each = [self._steps("each", layer, recipe.each) for layer in layers]
        self._join = self._steps("join", 0, recipe.join)
        self._post = self._steps("post", 0, recipe.post)

    @functools.cached_property
    def engine(self) -> Engine:
        """What runs the network; loaded when it is first needed, since not every question needs it."""
        return self._load_engine()

    @functools.cached_property
    def fingerprint(self) -> str:
        """Descriptors of equal fingerprints can be compared."""
        return fingerprint(self.recipe, self.engine.weights, self.parameters_id, PIXEL_PATH, PRECISION)

    @functools.cached_property
    def fitted_steps(self) -> list[Step]:
        """The steps that need fitting, in the order of the sentence."""
        everything = [step for steps in (*self._each, self._join, self._post) for step in steps]
        return [step for step in everything if step.method.fit]

    @functools.cached_property
    def is_fitted(self) -> bool:
        """Whether the parameters of all fitted steps are known."""
        return all(step.name in self.parameters for step in self.fitted_steps)

    def with_parameters(self, parameters: dict[str, Parameters], parameters_id: str) -> Describer:
        """The same describer, fitted."""
        return Describer(self.recipe, parameters, parameters_id, lambda: self.engine)

    def __call__(self, photo: Photo, box: Box | None = None) -> Descriptor:
        """Describe a photo, or a box in it."""
        return self.finish(self.pool(photo, box))

    def read(self, source: bytes | Path | str) -> Photo:
        """A photo to be described whole, with as many pixels as its views need; raises BadImage."""
        return read(source, enough=functools.partial(enough, wanted=self.recipe.views))

    def pool(self, photo: Photo, box: Box | None = None) -> Pooled:
        """The first half: a photo -> the pooled vectors of its views, layers and regions."""
        vectors, regions = [], []
        for view in views(photo, self.recipe.views, box):
            maps = self.engine(view.pixels[None])
            cells = [self._regions(*features.shape[2:]) for features in maps]
            vectors.append([self._pool(features, each) for features, each in zip(maps, cells, strict=True)])
            if self.recipe.gather == "keep":
                regions += _regions(view, cells[0], *maps[0].shape[2:])
        return Pooled(vectors, tuple(regions))

    def finish(self, pooled: Pooled) -> Descriptor:
        """The second half: pooled vectors -> the descriptor."""
        if not self.is_fitted:
            raise NotFitted(f"The recipe '{self.recipe.name}' must be fitted on photos before it describes.")
        vectors = self._run(self._combined(pooled), self._post)
        regions = pooled.regions if self.recipe.gather == "keep" else None
        return Descriptor(np.ascontiguousarray(vectors, dtype=np.float32), regions, self.fingerprint)

    def entering(self, step: Step, pooled: Pooled) -> Vectors:
        """(N, D) rows that come to a step from one photo; all steps before it must be fitted."""
        if step.place == "each":
            before = self._each[step.layer][: step.index]
            return np.concatenate([self._run(layers[step.layer], before) for layers in pooled.vectors])
        if step.place == "join":
            joined = [self._joined(layers) for layers in pooled.vectors]
            return np.concatenate([self._run(rows, self._join[: step.index]) for rows in joined])
        return self._run(self._combined(pooled), self._post[: step.index])

    def _pool(self, features: Vectors, cells: NDArray[np.int64]) -> Vectors:
        # channels last in memory: pooling over height and width then runs along whole rows
        features = np.ascontiguousarray(features.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
        pooled = [self._pooling(features[:, :, top:bottom, left:right]) for top, left, bottom, right in cells]
        return np.concatenate(pooled)

    def _joined(self, layers: list[Vectors]) -> Vectors:
        """One view's layers -> (1, D), or (R, D) where regions are kept."""
        parts = [self._run(rows, steps) for rows, steps in zip(layers, self._each, strict=True)]
        if self.recipe.gather == "sum":
            parts = [rows.sum(axis=0, keepdims=True) for rows in parts]
        return np.concatenate(parts, axis=1)

    def _combined(self, pooled: Pooled) -> Vectors:
        parts = [self._run(self._joined(layers), self._join) for layers in pooled.vectors]
        if self.recipe.views.combine == "concat":
            return np.concatenate(parts, axis=1)
        combined: Vectors = np.sum(parts, axis=0, dtype=np.float32)
        return combined

    def _run(self, vectors: Vectors, steps: list[Step]) -> Vectors:
        for step in steps:
            vectors = step.method(vectors, parameters=self.parameters.get(step.name))
        return vectors

    def _steps(self, place: str, layer: int, sentences: tuple[str, ...]) -> list[Step]:
        return [Step(place, layer, i, methods.find("post", text)) for i, text in enumerate(sentences)]


def describer_like(source: Fitted, engine: str = "auto", workers: int = 1) -> Describer:
    """A describer that gives descriptors like those of a gallery."""
    recipe = source.recipe
    return Describer(recipe, *source.parameters(), lambda: load(recipe.backbone, engine, workers))


def _regions(view: View, cells: NDArray[np.int64], height: int, width: int) -> list[Region]:
    """Regions in cells of a map -> in pixels of the upright original."""
    shares: NDArray[Any] = cells / np.array([height, width, height, width])
    return [Region(view.to_original(*(float(share) for share in row))) for row in shares]
