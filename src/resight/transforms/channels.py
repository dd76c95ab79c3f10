"""Light of another colour: red, green and blue each times a random factor."""

from __future__ import annotations

import numpy as np

from resight.levels import LEVELS, Shown, looked_up

LEVELLED = True


def channels(pixels: Shown, generator: np.random.Generator, *, spread: float = 0.15) -> Shown:
    """(H, W, 3) -> (H, W, 3): each channel times its own factor between 1 - spread and 1 + spread."""
    return looked_up(pixels, LEVELS[:, None] * generator.uniform(1 - spread, 1 + spread, 3))
