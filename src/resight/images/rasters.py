"""Decoded images of any mode or type, handed out in strips and flattened into sRGB without a second copy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resight.images.colours import Conversion, by_profile, conversion, lay_on_ground, without_alpha
from resight.images.depths import array_levels, levels, scale, shallow
from resight.images.kinds import Traits
from resight.images.photo import Pixels, Size
from resight.images.strips import strips

if TYPE_CHECKING:
    from PIL import Image

MODES = {("grey", "no"): "L", ("grey", "straight"): "LA", ("grey", "premultiplied"): "La"}
MODES |= {
    ("RGB", "no"): "RGB",
    ("RGB", "straight"): "RGBA",
    ("RGB", "premultiplied"): "RGBa",
    ("CMYK", "no"): "CMYK",
}
Frame = tuple[int, int, int, int]
COLOURS = {"grey": 1, "RGB": 3, "CMYK": 4}


@dataclass(frozen=True)
class Raster:
    """`strip(rows)` are some rows in 8 bits of any mode. Only the part inside `frame` was stored at all.

    `size` is (width, height) as stored; `frame` is left, top, right, bottom, None for the whole.
    """

    size: Size
    strip: Callable[[slice], Image.Image]
    convert: Conversion | None
    frame: Frame | None = None


def of_image(image: Image.Image, convert: Conversion | None = None, frame: Frame | None = None) -> Raster:
    """A loaded image of Pillow; `convert` takes the place of its profile."""
    clear = image.info.get("transparency")
    if isinstance(clear, tuple) and max(clear) > 255:
        # Pillow keeps the high bytes of 16-bit colours, but all of the colour that is to be transparent.
        image.info["transparency"] = tuple(value >> 8 for value in clear)
    ends = levels(image)

    def strip(rows: slice) -> Image.Image:
        part = image.crop((0, rows.start, image.width, rows.stop))
        return shallow(part, *ends) if ends else part

    return Raster(image.size, strip, convert or conversion(image), frame)


def of_array(
    values: NDArray[Any], traits: Traits, profile: bytes | None = None, highest: int | None = None
) -> Raster:
    """(H, W, C) numbers of the kind that `traits` says: colours, then alpha, then channels of no use."""
    from PIL import Image

    count = COLOURS[traits.colours]
    black, white = array_levels(values[..., :count], traits.bits, highest)
    opaque = _opaque(traits, white)
    if traits.inverted:
        black, white = white, black
    alpha = "no" if traits.alpha == "ignored" else traits.alpha
    mode = MODES[traits.colours, alpha]

    def strip(rows: slice) -> Image.Image:
        part = scale(values[rows, :, :count], black, white)
        if alpha != "no":
            part = np.concatenate([part, scale(values[rows, :, count : count + 1], 0, opaque)], -1)
        return Image.frombytes(mode, part.shape[1::-1], np.ascontiguousarray(part).tobytes())

    kind = "L" if traits.colours == "grey" else traits.colours
    return Raster((values.shape[1], values.shape[0]), strip, by_profile(profile, kind))


def _opaque(traits: Traits, white: float) -> float:
    """The value of alpha that hides what is below."""
    if traits.numbers == "floats":
        return 255.0 if white == 255 else 1.0
    return white


def flattened(raster: Raster) -> Pixels:
    """(H, W, 3) uint8 sRGB; what is transparent, or outside the frame, lies on a plain ground."""
    width, height = raster.size
    pixels = np.empty((height, width, 3), np.uint8)
    opacity = None
    for rows in strips(width, height):
        pixels[rows], alpha = without_alpha(raster.strip(rows), raster.convert)
        if alpha is not None:
            if opacity is None:
                opacity = np.full((height, width), 255, np.uint8)
            opacity[rows] = alpha
    if raster.frame:
        opacity = np.full((height, width), 255, np.uint8) if opacity is None else opacity
        _clear_outside(opacity, raster.frame)
    if opacity is not None:
        lay_on_ground(pixels, opacity)
    return pixels


def _clear_outside(opacity: Pixels, frame: Frame) -> None:
    left, top, right, bottom = frame
    opacity[:top], opacity[bottom:] = 0, 0
    opacity[:, :left], opacity[:, right:] = 0, 0
