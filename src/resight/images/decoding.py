"""Decodes a file into pixels as they are stored: simplejpeg for plain JPEGs, Pillow for all else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from resight.errors import BadImage
from resight.images import budget
from resight.images.colours import conversion, srgb
from resight.images.depths import levels, shallow
from resight.images.headers import opened
from resight.images.photo import Enough, Pixels, Size
from resight.images.strips import strips
from resight.images.turning import orientation, upright

if TYPE_CHECKING:
    from PIL import Image

SCAN_LIMIT = 1000


@dataclass(frozen=True, eq=False)
class Stored:
    """Pixels as they are stored, the EXIF orientation still to be applied, and the full width and height."""

    pixels: Pixels
    orientation: int
    size: Size


def decoded(data: bytes, pixel_limit: int, enough: Enough | None) -> Stored:
    """Decode into pixels as stored: all of them, but for a JPEG of which fewer are enough."""
    image = opened(data)
    width, height = image.size
    if width * height > pixel_limit:
        raise BadImage(f"{width} x {height} pixels is over the limit of {pixel_limit / 1e6:g} megapixels")
    pixels = None
    if image.format in ("JPEG", "MPO"):
        _refuse_lies(data, image)
        pixels = _jpeg(data, image, enough)
    if pixels is None:
        budget.SHARED.admit(width * height)
        image.load()
        pixels = _flat(image)
    # Asked after loading, since Pillow turns a TIFF itself while it loads.
    return Stored(pixels, orientation(image), image.size)


def _refuse_lies(data: bytes, image: Image.Image) -> None:
    """Refuse a JPEG that would cost far more than its bytes, before any decoder sees it."""
    # Each scan of a progressive JPEG costs a walk over all pixels, but few bytes in the file.
    if "progressive" in image.info and data.count(b"\xff\xda") > SCAN_LIMIT:
        raise BadImage(f"a progressive JPEG of more than {SCAN_LIMIT} scans")
    # A block of 64 pixels takes a bit at least; without this a short file could fill the memory with grey.
    if image.width * image.height > 512 * len(data):
        raise BadImage("truncated or corrupt: too short for its size in pixels")


def _jpeg(data: bytes, image: Image.Image, enough: Enough | None) -> Pixels | None:
    """Decode a plain JPEG by simplejpeg; None where Pillow is to decode it, and to judge it."""
    import simplejpeg

    if image.mode not in ("RGB", "L"):
        return None
    try:
        # The size that was checked is Pillow's; a broken header may read otherwise to another library.
        if simplejpeg.decode_jpeg_header(data)[:2] != (image.height, image.width):
            return None
        width, height = _least(image, enough) if enough else image.size
        budget.SHARED.admit(_pixels_in_memory(image, width, height))
        pixels: Pixels = simplejpeg.decode_jpeg(data, "RGB", min_height=height, min_width=width, strict=True)
    except ValueError:
        return None
    from PIL import Image

    if convert := conversion(image):
        for rows in strips(pixels.shape[1], pixels.shape[0]):
            pixels[rows] = srgb(Image.fromarray(pixels[rows]), convert)
    return pixels


def _pixels_in_memory(image: Image.Image, width: int, height: int) -> int:
    """How many pixels of a JPEG are in memory while it is decoded at the smallest scale, in eighths, above.

    A progressive JPEG is in memory whole.
    """
    if "progressive" in image.info:
        return image.width * image.height
    scaled = ((-(-image.width * n // 8), -(-image.height * n // 8)) for n in range(1, 9))
    return next(across * down for across, down in scaled if across >= width and down >= height)


def _least(image: Image.Image, enough: Enough) -> Size:
    """The width and height, as stored, that the decoder must not go below."""
    turn = orientation(image)
    width, height = upright(enough(*upright(image.size, turn)), turn)
    return min(width, image.width), min(height, image.height)


def _flat(image: Image.Image) -> Pixels:
    """Turn a loaded image of any mode into (H, W, 3) uint8 sRGB, in strips to save a second copy."""
    pixels = np.empty((image.height, image.width, 3), np.uint8)
    convert, ends = conversion(image), levels(image)
    clear = image.info.get("transparency")
    if isinstance(clear, tuple) and max(clear) > 255:
        # Pillow keeps the high bytes of 16-bit colours, but all of the colour that is to be transparent.
        image.info["transparency"] = tuple(value >> 8 for value in clear)
    for rows in strips(image.width, image.height):
        strip = image.crop((0, rows.start, image.width, rows.stop))
        pixels[rows] = srgb(shallow(strip, *ends) if ends else strip, convert)
    return pixels
