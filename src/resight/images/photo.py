"""A photo as every room takes it: upright pixels, and the name of the path that made them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

Size = tuple[int, int]
Enough = Callable[[int, int], Size]

PIXEL_PATH = "simplejpeg (reduced where enough) or a checked decoder, opencv area and linear, v2"

# Galleries of these are brought up to date by `index`: only files that are no JPEGs were read otherwise.
EARLIER_PATHS = ("simplejpeg (reduced where enough) or pillow, opencv area and linear, v1",)

# The warnings that a photo may carry. The words are those that the catalogue and the command show.
DAMAGED = "damaged"
ONE_COLOUR = "one colour"


def spell_warning(warning: str) -> str:
    """A warning as it stands behind "is": damaged, of one colour."""
    return f"of {warning}" if warning == ONE_COLOUR else warning


@dataclass(frozen=True, eq=False)
class Photo:
    """Pixels (H, W, 3) uint8, upright sRGB, C-contiguous and writable.

    `width` and `height` are those of the upright original, in pixels; `pixels` may be fewer, where fewer were
    enough. `warnings` says in a few words each what a user should know of the photo; most have none.
    """

    pixels: Pixels
    width: int
    height: int
    warnings: tuple[str, ...] = ()
