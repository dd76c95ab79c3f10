"""A data set and recipes under study: what a figure may ask for, each thing made once."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from resight.dataset import Dataset
from resight.describing.describer import Describer
from resight.engines import Engine, load
from resight.evaluator.answers import Evaluation
from resight.evaluator.bench import Bench, prepare
from resight.evaluator.candidates import read
from resight.evaluator.running import evaluate
from resight.images import Photo
from resight.images.photo import Enough
from resight.processors import processors
from resight.recipe import Backbone, Recipe
from resight.searcher.collection import Collection
from resight.types import Vectors

PREPARING = ("distractors", "fit_from", "allow_overlap", "engine", "workers", "batch", "progress")


class Study:
    """`options` are those of `evaluate`: distractors, fit_from, allow_overlap, rerank, engine, progress."""

    def __init__(
        self, data: Dataset, recipes: Sequence[Recipe], options: Mapping[str, Any] | None = None
    ) -> None:
        self.data, self.recipes, self.options = data, tuple(recipes), dict(options or {})
        self._evaluations: dict[str, Evaluation] = {}
        self.engine = functools.cache(self._engine)

    def evaluation(self, recipe: Recipe, **options: Any) -> Evaluation:
        """The recipe on the data set; further options, such as `rerank`, take the place of the study's."""
        asked = {"rerank": ()} | self.options | options
        asked["rerank"] = tuple(asked["rerank"])
        if not Describer(recipe).fitted_steps:
            asked["fit_from"] = None  # it is for those recipes of the study that have something to fit
        key = f"{recipe.sentence()} {sorted(asked.items())}"
        if key not in self._evaluations:
            self._evaluations[key] = evaluate(recipe, self.data, **asked)
        return self._evaluations[key]

    def read(self, number: int, enough: Enough | None = None) -> Photo:
        """A photo of the data set by its number, turned as it must be; raises BadImage."""
        return read(self.data, number, enough)

    def descriptors(self, recipe: Recipe) -> list[Vectors | None]:
        """Of each photo of the data set (R, D), None where it could not be described. Asks no query."""
        with self._bench(recipe) as bench:
            photos = Collection(bench.own)
            numbers = bench.candidates.image_of[: len(self.data.photos)].tolist()
            return [photos.take(photos.rows_of(image)) if image >= 0 else None for image in numbers]

    def describer(self, recipe: Recipe) -> Describer:
        """The recipe, fitted as the evaluation fits it; it describes on all cores, a photo at a time."""
        with self._bench(recipe) as bench:
            found, name = bench.own.parameters()
            return Describer(recipe, found, name, self.engine)

    def labels(self) -> np.ndarray[Any, Any]:
        """(photos,) the instance of each, "" for none; empty where a set has no classes."""
        return np.array(self.data.labels or (), dtype=object)

    def _bench(self, recipe: Recipe) -> AbstractContextManager[Bench]:
        """The data set described by a recipe: what is not described yet is described now."""
        options = {key: value for key, value in self.options.items() if key in PREPARING}
        if not Describer(recipe).fitted_steps:
            options["fit_from"] = None
        return prepare(recipe, self.data, **options)

    def _engine(self, backbone: Backbone) -> Engine:
        return load(backbone, self.options.get("engine", "auto"), self.options.get("workers") or processors())
