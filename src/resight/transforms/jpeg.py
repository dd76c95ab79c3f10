"""Saved again as a JPEG of low quality."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def jpeg(
    pixels: NDArray[np.uint8],
    generator: np.random.Generator,
    *,
    least: int = 25,
    most: int = 80,
    share: float = 0.5,
) -> NDArray[np.uint8]:
    """(H, W, 3) -> (H, W, 3): a `share` of photos, through a JPEG of a quality between `least` and `most`."""
    import simplejpeg

    chosen, quality = generator.random() < share, int(generator.integers(least, most, endpoint=True))
    if not chosen:
        return pixels
    data = simplejpeg.encode_jpeg(np.ascontiguousarray(pixels), quality, "RGB", "420")
    return np.asarray(simplejpeg.decode_jpeg(data, "RGB"), np.uint8)
