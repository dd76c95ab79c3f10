"""Images too small for a network are refused in words; torch is not needed to know."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resight.errors import BadImage


def refuse_smaller(pixels: NDArray[np.uint8], smallest: int) -> None:
    """Raise BadImage for (B, H, W, 3) pixels with a side below the smallest that the network takes."""
    height, width = pixels.shape[1:3]
    if min(height, width) < smallest:
        raise BadImage(f"{width} x {height} pixels are too few for the network: {smallest} a side at least")
