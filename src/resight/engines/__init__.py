"""An engine runs the backbone, and only that: a file is an engine.

Pixels in, float32 maps out, the same to 1e-4 whichever engine ran.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from resight import methods
from resight.backbones._taken import one_size
from resight.parts import Backbone, Views


class Engine(Protocol):
    """(B, H, W, 3) uint8 sRGB -> one (B, C, H', W') float32 a layer; may be called from `workers` threads.

    `only` is the side in pixels of the square images that it takes, where it takes no others; else 0.
    """

    weights: str
    only: int
    name: str

    def __call__(self, pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Run the network on one batch."""
        ...


def load(backbone: Backbone, name: str = "auto", workers: int = 1) -> Engine:
    """The engine of this name; `auto` is torch where a GPU is likely and OpenVINO elsewhere.

    A library that runs by itself, such as one that finds points, needs none.
    """
    library = methods.module("backbones", backbone.network.partition(":")[0])
    if hasattr(library, "engine"):
        return library.engine(backbone)  # type: ignore[no-any-return]
    if name == "auto":
        name = "torch" if _has_gpu() and workers > 1 else "openvino"
    return methods.find("engines", name).call(backbone, workers)  # type: ignore[no-any-return]


def most_at_once(engine: Engine) -> int:
    """How many views of one shape an engine takes at once; what says nothing takes one."""
    return getattr(engine, "batch", 1)


def refuse_other_views(only: int, views: Views) -> None:
    """Raise BadRecipe where a network takes squares of one side alone, and the views are others."""
    if only and (views.resize, views.sizes) != ("square", (only,)):
        raise one_size(only)


def _has_gpu() -> bool:
    """Without importing torch, which takes seconds."""
    return Path("/proc/driver/nvidia/version").exists() or sys.platform == "darwin"
