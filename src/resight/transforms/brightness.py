"""More or less light: values times a random factor."""

from __future__ import annotations

import numpy as np

from resight.levels import LEVELS, Shown, looked_up

LEVELLED = True


def brightness(
    pixels: Shown, generator: np.random.Generator, *, least: float = 0.6, most: float = 1.3
) -> Shown:
    """(H, W, 3) -> (H, W, 3): values times a factor between `least` and `most`."""
    return looked_up(pixels, LEVELS * generator.uniform(least, most))
