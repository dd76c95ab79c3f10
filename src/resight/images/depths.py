"""More than 8 bits a pixel become 8: which values turn black and white, and the scaling between them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resight.images.strips import strips

if TYPE_CHECKING:
    from PIL import Image

Levels = tuple[float, float]


def levels(image: Image.Image) -> Levels | None:
    """Find the values that become black and white in an image of more than 8 bits, None for any other.

    16 bits: 0 and 65535, as for wider integers if all fit. Floats: 0 and 1, else 0 and 255, if all fit.
    Otherwise the lowest and the highest value.
    """
    if image.mode.startswith("I;16"):
        return 0, 65535
    if image.mode not in ("I", "F"):
        return None
    parts = strips(image.width, image.height)
    low, high = extremes(np.asarray(image.crop((0, rows.start, image.width, rows.stop))) for rows in parts)
    return fit_levels(low, high, (65535,) if image.mode == "I" else (1, 255))


def array_levels(values: NDArray[Any], bits: int, highest: int | None) -> Levels:
    """The values of (H, W, C) numbers that become black and white, by their type and the bits in use.

    Unsigned integers: 0 and the largest that fits into the bits, or `highest`; 65535 for 32 bits if all fit.
    Signed ones: 0 and the largest, likewise, if none is negative. Floats: 0 and 1, else 0 and 255, if all
    fit. Otherwise the lowest and the highest value.
    """
    if values.dtype.kind == "u" and bits < 32 and highest is None:
        return 0, (1 << bits) - 1
    low, high = extremes(values[rows] for rows in strips(values.shape[1], values.shape[0]))
    if values.dtype.kind == "f":
        return fit_levels(low, high, (1, 255))
    if values.dtype.kind == "u":
        return fit_levels(low, high, (highest or 65535, (1 << bits) - 1))
    return fit_levels(low, high, (65535,) if bits == 32 else ((1 << bits - 1) - 1,))


def extremes(parts: Iterable[NDArray[Any]]) -> Levels:
    """The lowest and the highest finite value; 0 and 0 where there is none."""
    finite: list[float] = []
    for values in parts:
        if (values := values[np.isfinite(values)]).size:
            finite += [float(values.min()), float(values.max())]
    return min(finite, default=0.0), max(finite, default=0.0)


def fit_levels(low: float, high: float, tops: Iterable[int]) -> Levels:
    """0 and the first of some whites below which all values are; else the lowest and the highest value."""
    return next(((0, top) for top in tops if low >= 0 and high <= top), (low, high))


def scale(values: NDArray[Any], black: float, white: float) -> NDArray[np.uint8]:
    """Numbers of any type -> 8 bits, with `black` at 0 and `white` at 255, whichever is larger."""
    factor = 255 / (white - black) if white != black else 0.0
    with np.errstate(invalid="ignore", over="ignore"):
        shares = np.nan_to_num((values.astype(np.float64) - black) * factor, posinf=255, neginf=0)
    return (np.clip(shares, 0, 255) + 0.5).astype(np.uint8)


def shallow(strip: Image.Image, black: float, white: float) -> Image.Image:
    """Scale to L, or LA where one grey is transparent; Pillow's `convert` would saturate."""
    from PIL import Image

    values = np.asarray(strip)
    grey = Image.fromarray(scale(values, black, white))
    if (clear := strip.info.get("transparency")) is None:
        return grey
    return Image.merge("LA", (grey, Image.fromarray(np.uint8(255) * (values != clear))))
