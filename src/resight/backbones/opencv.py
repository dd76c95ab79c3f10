"""Points and what is around them, as a feature map of one row: "opencv:sift", "opencv:orb:count=500"."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight import methods
from resight.errors import BadRecipe
from resight.feature_maps import FeatureMap
from resight.parts import Backbone
from resight.types import Vectors


class Points:
    """An engine: finds points in a view, no network is run. Safe to call from several threads."""

    name, device, batch, only, has_bf16 = "opencv", "CPU", 1, 0, False

    def __init__(self, found: methods.Method) -> None:
        home = methods.module("points", found.name)
        self._find, self._step, self._width = found, home.STEP, home.WIDTH
        self.weights = _version(found)

    def __call__(self, pixels: NDArray[np.uint8]) -> list[Vectors]:
        """(1, H, W, 3) uint8 sRGB -> one (1, C, 1, N) float32."""
        return [found.values() for found in self.look(pixels)]

    def look(self, pixels: NDArray[np.uint8]) -> list[FeatureMap]:
        """(1, H, W, 3) uint8 sRGB -> one map of a row, a cell a point, strongest first."""
        import cv2

        grey = np.asarray(cv2.cvtColor(pixels[0], cv2.COLOR_RGB2GRAY), np.uint8)
        places, cells = self._find(grey)
        size = np.array([grey.shape[1], grey.shape[0]], np.float32)
        row = cells.T.reshape(1, self._width, 1, len(cells))
        return [FeatureMap(row, (places / size).astype(np.float32), self._step)]


def check(backbone: Backbone) -> None:
    """Raise BadRecipe for what only a network has, and UnknownMethod or BadSetting for unknown points."""
    _points(backbone)
    plain = Backbone.__dataclass_fields__
    for name in ("weights", "layers", "relu", "preprocess", "precision"):
        if getattr(backbone, name) != plain[name].default:
            raise BadRecipe(f"backbone.{name} is of networks: {backbone.network} finds points, and has none.")


def engine(backbone: Backbone) -> Points:
    """What finds these points."""
    return Points(_points(backbone))


def version(backbone: Backbone) -> str:
    """What stands where a network has the hash of its weights."""
    return _version(_points(backbone))


def _version(found: methods.Method) -> str:
    """That of the points, with the package that brings them, if it is another."""
    told = str(found.says["VERSION"])
    return f"{told}@{found.origin}" if found.origin else told


def _points(backbone: Backbone) -> Any:
    return methods.find("points", backbone.network.partition(":")[2])
