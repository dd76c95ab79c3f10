"""Changes that take each value of a channel to another one, whatever its neighbours are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
LEVELS = np.arange(256, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Levelled:
    """Pixels whose values are still to be looked up: several tables in a row cost one pass.

    `steps` (256,) or (256, 3) uint8 is the table of all that was asked for until now.
    """

    pixels: Pixels
    steps: Pixels


Shown = Pixels | Levelled


def levelled(shown: Shown) -> Levelled:
    """Pixels that nothing was asked for yet, or what is levelled already."""
    return shown if isinstance(shown, Levelled) else Levelled(shown, LEVELS.astype(np.uint8))


def pixels_of(shown: Shown) -> Pixels:
    """(H, W, 3): the values that were asked for."""
    import cv2

    if not isinstance(shown, Levelled):
        return shown
    steps = shown.steps
    return np.asarray(cv2.LUT(shown.pixels, steps if steps.ndim == 1 else steps[:, None, :]), np.uint8)


def looked_up(shown: Shown, tables: NDArray[np.float64]) -> Shown:
    """(H, W, 3), a (256,) table for all channels or (256, 3), one each -> (H, W, 3), rounded and clipped."""
    steps = np.clip(np.rint(tables), 0, 255).astype(np.uint8)
    if not isinstance(shown, Levelled):
        return pixels_of(Levelled(shown, steps))
    before = shown.steps
    if steps.ndim == 1 or before.ndim == 1:
        return Levelled(shown.pixels, steps[before])
    return Levelled(shown.pixels, np.take_along_axis(steps, before.astype(np.intp), 0))
