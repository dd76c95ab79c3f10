"""Images of a size that a network does not take are refused in words; torch is not needed to know."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resight.errors import BadImage, BadRecipe


def refuse_others(pixels: NDArray[np.uint8], smallest: int, only: int) -> None:
    """Raise BadImage for (B, H, W, 3) pixels with a side below the smallest that the network takes.

    BadRecipe for any but the `only` size that it takes, if it takes one alone: all views must have it.
    """
    height, width = pixels.shape[1:3]
    if only and (height, width) != (only, only):
        raise one_size(only)
    if min(height, width) < smallest:
        raise BadImage(f"{width} x {height} pixels are too few for the network: {smallest} a side at least")


def one_size(only: int) -> BadRecipe:
    """What to say of other views than a network takes."""
    return BadRecipe(
        f"The network takes images of one size alone: give the recipe "
        f'views = {{ resize = "square", sizes = [{only}] }}.'
    )
