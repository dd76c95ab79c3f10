"""Another exposure: values to a random power."""

from __future__ import annotations

import numpy as np

from resight.levels import LEVELS, Shown, looked_up

LEVELLED = True


def gamma(pixels: Shown, generator: np.random.Generator, *, spread: float = 0.5) -> Shown:
    """(H, W, 3) -> (H, W, 3): shares of white to a power between e^-spread and e^spread."""
    power = np.exp(generator.uniform(-spread, spread))
    return looked_up(pixels, 255 * (LEVELS / 255) ** power)
