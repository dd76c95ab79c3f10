"""What an engine promises."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Engine(Protocol):
    """(B, H, W, 3) uint8 sRGB of one shape -> one (B, C, H', W') float32 a layer, left where it was made.

    May be called from several threads. `batch` is the most views that it is best given at once, 1 where each
    thread does better with views of its own; `device` is what it runs on, in words; `has_bf16` says whether
    that has units for bf16. `only` is the side in pixels of the square images that it takes, where it takes
    no others; else 0.
    """

    weights: str
    only: int
    name: str
    device: str
    batch: int
    has_bf16: bool

    def __call__(self, pixels: NDArray[np.uint8]) -> list[Any]:
        """Run the network on one batch."""
        ...
