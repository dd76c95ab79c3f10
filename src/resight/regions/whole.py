"""The whole feature map as the one region."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resight.areas import WHOLE, Polygon

COUNT_VARIES_WITH = ()  # it is always one
SHAPE_ALONE = True


def whole(pixels: NDArray[np.uint8], alpha: NDArray[np.float32]) -> list[Polygon]:
    """A photo and its saliency -> the one polygon that covers it."""
    return [WHOLE]
