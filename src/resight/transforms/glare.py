"""A lamp mirrored in what is photographed: a bright blob with soft borders."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def glare(
    pixels: NDArray[np.uint8],
    generator: np.random.Generator,
    *,
    least: float = 0.08,
    most: float = 0.3,
    share: float = 0.25,
) -> NDArray[np.uint8]:
    """(H, W, 3) -> (H, W, 3): a `share` of photos, drawn towards white around a point anywhere.

    The blob falls off as a Gaussian whose deviation is `least` to `most` of each side, and its middle is
    half to wholly white.
    """
    import cv2

    chosen = generator.random() < share
    centre, spread = generator.uniform(0, 1, 2), generator.uniform(least, most, 2)
    strength = generator.uniform(0.5, 1.0)
    if not chosen:
        return pixels
    down, across = (
        np.exp(-0.5 * (((np.arange(side) + 0.5) / side - place) / wide) ** 2).astype(np.float32)
        for side, place, wide in zip(pixels.shape[:2], centre, spread, strict=True)
    )
    light = np.float32(strength) * down[:, None] * across
    return np.asarray(cv2.blendLinear(np.full_like(pixels, 255), pixels, light, 1 - light), np.uint8)
