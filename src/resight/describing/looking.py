"""One photo as a part of a recipe looks at it: a view, a map, and the regions that are cut out of it."""

from __future__ import annotations

from dataclasses import dataclass

from resight.areas import Polygon
from resight.describing.seeing import one_size
from resight.describing.together import regions_of
from resight.engines import Engine, fetching
from resight.feature_maps import FeatureMap, look
from resight.images import Photo
from resight.parts import Part
from resight.types import Vectors
from resight.views import View, views


@dataclass(frozen=True, eq=False)
class Looked:
    """The view, a map of NumPy, its saliency `alpha` (H, W), and `polygons` in shares of the view."""

    view: View
    map: FeatureMap
    alpha: Vectors
    polygons: tuple[Polygon, ...]


def maps_of(photo: Photo, part: Part, engine: Engine, layer: int = 0, size: int = 0) -> Looked:
    """A photo at the `size`th of a part's sizes, through its engine: the map of one layer, and its regions.

    Raises BadImage where the photo is too small for the network, BadRecipe where it takes another size alone.
    """
    view = next(views(photo, one_size(part.views)[size]))
    found = look(engine, view.pixels[None])[layer]
    found = FeatureMap(fetching(found.cells)(), found.places, found.scale)
    return Looked(view, found, found.saliency(*view.pixels.shape[:2]), regions_of(part, view, found))
