"""Operations that change colours alone, by functions of Pillow: each pixel stays where it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from resight.operations._moving import Back, Pixels, still


def coloured(pixels: Pixels, change: Callable[[Any], Any]) -> tuple[Pixels, Back]:
    """(H, W, 3) through a function of Pillow's images -> (H, W, 3), and the way back, which moves nothing."""
    from PIL import Image

    return np.array(change(Image.fromarray(pixels)), np.uint8), still()
