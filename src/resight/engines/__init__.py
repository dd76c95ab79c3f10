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
from resight.recipe import Backbone


class Engine(Protocol):
    """(B, H, W, 3) uint8 sRGB -> one (B, C, H', W') float32 a layer; may be called from `workers` threads."""

    weights: str
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


def _has_gpu() -> bool:
    """Without importing torch, which takes seconds."""
    return Path("/proc/driver/nvidia/version").exists() or sys.platform == "darwin"
