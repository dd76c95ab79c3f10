"""Fewer levels: Tursun et al., ICIP 2020, section 2.1, by Pillow's `ImageOps.posterize`."""

from __future__ import annotations

from resight.operations._colouring import coloured
from resight.operations._moving import Back, Pixels
from resight.operations._strength import strength


def posterize(
    pixels: Pixels, *, magnitude: int, least: float = 4.0, most: float = 8.0
) -> tuple[Pixels, Back]:
    """(H, W, 3) -> (H, W, 3) of so many bits a channel: `least` to `most`, rounded to the nearest.

    `magnitude` is 1 to 10: 1 is `least`, 10 is `most`, and the others lie evenly between.
    """
    from PIL import ImageOps

    bits = round(strength(magnitude, least, most))
    return coloured(pixels, lambda image: ImageOps.posterize(image, bits))
