"""Another exposure: values to a random power."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resight.transforms._levels import LEVELS, looked_up


def gamma(
    pixels: NDArray[np.uint8], generator: np.random.Generator, *, spread: float = 0.5
) -> NDArray[np.uint8]:
    """(H, W, 3) -> (H, W, 3): shares of white to a power between e^-spread and e^spread."""
    power = np.exp(generator.uniform(-spread, spread))
    return looked_up(pixels, 255 * (LEVELS / 255) ** power)
