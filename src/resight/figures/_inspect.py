"""One photo as a recipe looks at it: its first view, the map of one layer, and the regions cut out of it."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resight import images
from resight.areas import Polygon
from resight.describing import maps_of
from resight.evaluator import Study
from resight.feature_maps import FeatureMap
from resight.images import Photo
from resight.images.photo import Pixels
from resight.recipe import Recipe
from resight.types import Vectors
from resight.views import View, enough

SIDE = 480  # pixels of the longer side of a photo that is drawn


@dataclass(frozen=True)
class Look:
    """The view, a layer's map of it, its saliency `alpha` (H, W), and `polygons` in shares of the view."""

    photo: Photo
    view: View
    map: FeatureMap
    alpha: NDArray[np.float32]
    polygons: list[Polygon]

    @property
    def features(self) -> Vectors:
        """(1, C, H, W) of the view."""
        found: Vectors = self.map.values()
        return found

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright original."""
        return self.photo.width, self.photo.height

    def shown(self) -> Pixels:
        """The view as it is drawn, no larger than is seen."""
        return images.resize_within(self.view.pixels, SIDE)

    def cell(self, row: int, column: int) -> tuple[float, float]:
        """The centre x, y of a cell of the map, or its point, in pixels of the upright original."""
        height, width = self.map.cells.shape[2:]
        share = np.array([[(column + 0.5) / width, (row + 0.5) / height]])
        if self.map.places is not None:
            share = self.map.places[column : column + 1].astype(np.float64)
        x, y = self.view.to_original(share)[0].tolist()
        return x, y


def look(study: Study, recipe: Recipe, number: int, layer: int) -> Look:
    """A photo of the data set at the recipe's first size; raises BadImage."""
    photo = study.read(number, functools.partial(enough, wanted=(recipe.first.views,)))
    seen = maps_of(photo, recipe.first, study.engine(recipe.first.backbone), layer)
    return Look(photo, seen.view, seen.map, seen.alpha, list(seen.polygons))
