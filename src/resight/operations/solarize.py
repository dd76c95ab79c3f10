"""Light values inverted: Tursun et al., ICIP 2020, section 2.1, by Pillow's `ImageOps.solarize`."""

from __future__ import annotations

import math

from resight.operations._colouring import coloured
from resight.operations._moving import Back, Pixels
from resight.operations._strength import strength


def solarize(
    pixels: Pixels, *, magnitude: int, least: float = 0.0, most: float = 256.0
) -> tuple[Pixels, Back]:
    """(H, W, 3) -> (H, W, 3): 255 less each value that is at the threshold, `least` to `most`, or above.

    `magnitude` is 1 to 10: 1 is `least`, 10 is `most`, and the others lie evenly between.
    """
    from PIL import ImageOps

    threshold = math.ceil(strength(magnitude, least, most))  # values are whole numbers
    return coloured(pixels, lambda image: ImageOps.solarize(image, threshold))
