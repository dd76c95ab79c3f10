"""More than 8 bits a pixel become 8: which values turn black and white, and the scaling between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from resight.images.strips import strips

if TYPE_CHECKING:
    from PIL import Image


def levels(image: Image.Image) -> tuple[float, float] | None:
    """Find the values that become black and white in an image of more than 8 bits, None for any other.

    16 bits: 0 and 65535, as for wider integers if all fit. Floats: 0 and 1, else 0 and 255, if all fit.
    Otherwise the lowest and the highest value.
    """
    if image.mode.startswith("I;16"):
        return 0, 65535
    if image.mode not in ("I", "F"):
        return None
    finite = []
    for rows in strips(image.width, image.height):
        values = np.asarray(image.crop((0, rows.start, image.width, rows.stop)))
        if (values := values[np.isfinite(values)]).size:
            finite += [float(values.min()), float(values.max())]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    for top in (65535,) if image.mode == "I" else (1, 255):
        if low >= 0 and high <= top:
            return 0, top
    return low, high


def shallow(strip: Image.Image, black: float, white: float) -> Image.Image:
    """Scale to L, or LA where one grey is transparent; Pillow's `convert` would saturate."""
    from PIL import Image

    values = np.asarray(strip)
    scale = 255 / (white - black) if white > black else 0.0
    shares = np.nan_to_num((values.astype(np.float64) - black) * scale, posinf=255, neginf=0)
    grey = Image.fromarray((np.clip(shares, 0, 255) + 0.5).astype(np.uint8))
    if (clear := strip.info.get("transparency")) is None:
        return grey
    return Image.merge("LA", (grey, Image.fromarray(np.uint8(255) * (values != clear))))
