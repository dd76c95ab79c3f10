"""More or less light: values times a random factor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resight.transforms._levels import LEVELS, looked_up


def brightness(
    pixels: NDArray[np.uint8], generator: np.random.Generator, *, least: float = 0.6, most: float = 1.3
) -> NDArray[np.uint8]:
    """(H, W, 3) -> (H, W, 3): values times a factor between `least` and `most`."""
    return looked_up(pixels, LEVELS * generator.uniform(least, most))
