"""Light of another colour: red, green and blue each times a random factor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resight.transforms._levels import LEVELS, looked_up


def channels(
    pixels: NDArray[np.uint8], generator: np.random.Generator, *, spread: float = 0.15
) -> NDArray[np.uint8]:
    """(H, W, 3) -> (H, W, 3): each channel times its own factor between 1 - spread and 1 + spread."""
    return looked_up(pixels, LEVELS[:, None] * generator.uniform(1 - spread, 1 + spread, 3))
