"""The whole feature map as the one region."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def whole(height: int, width: int) -> NDArray[np.int64]:
    """Map height, width -> (1, 4): top, left, bottom, right in cells."""
    return np.array([[0, 0, height, width]])
