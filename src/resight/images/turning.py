"""Turns pixels upright, as the EXIF orientation says, and photos by any angle."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from resight.images.photo import Enough, Photo, Pixels, Size

if TYPE_CHECKING:
    from PIL import Image

# EXIF orientation -> transposed first?, then the flip as cv2.flip counts: 0 upside down, 1 mirrored, -1 both.
TURNS = {2: (0, 1), 3: (0, -1), 4: (0, 0), 5: (1, None), 6: (1, 1), 7: (1, -1), 8: (1, 0)}


def orientation(image: Image.Image) -> int:
    """Read the EXIF orientation, 1 to 8; broken EXIF counts as upright."""
    with suppress(Exception):
        return int(image.getexif().get(0x0112, 1))
    return 1


def upright(size: Size, orientation: int) -> Size:
    """Width and height as stored -> upright; and back, since it is its own inverse."""
    width, height = size
    return (height, width) if TURNS.get(orientation, (0, None))[0] else (width, height)


def turned(pixels: Pixels, orientation: int) -> Pixels:
    """Pixels as stored -> upright, contiguous."""
    import cv2

    transposed, flip = TURNS.get(orientation, (0, None))
    result: Any = cv2.transpose(pixels) if transposed else pixels
    if flip is not None:
        cv2.flip(result, flip, dst=result)
    return cast(Pixels, result)


def rotated(photo: Photo, degrees: float) -> Photo:
    """The photo turned clockwise: nothing is cropped, what comes in at the corners is black.

    Its pixels are moved as they are by multiples of 90, else weighted with their neighbours.
    """
    import cv2

    degrees %= 360
    if not degrees:
        return photo
    size = rotated_size((photo.width, photo.height), degrees)
    codes = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
    if degrees in codes:
        return Photo(cast(Pixels, cv2.rotate(photo.pixels, codes[int(degrees)])), *size, photo.warnings)
    height, width = photo.pixels.shape[:2]
    across, down = rotated_size((width, height), degrees)
    # OpenCV turns to the left, about the centre of a pixel.
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -degrees, 1)
    matrix[:, 2] += (across - width) / 2, (down - height) / 2
    moved = cast(Pixels, cv2.warpAffine(photo.pixels, matrix, (across, down)))
    return Photo(moved, *size, photo.warnings)


def rotated_size(size: Size, degrees: float) -> Size:
    """Width and height of what is turned: of the upright rectangle that holds it all."""
    width, height = size
    cosine, sine = abs(math.cos(math.radians(degrees))), abs(math.sin(math.radians(degrees)))
    return (
        math.ceil(width * cosine + height * sine - 1e-6),
        math.ceil(width * sine + height * cosine - 1e-6),
    )


def before(enough: Enough, degrees: float) -> Enough:
    """How many pixels are enough of a photo that will be turned, where `enough` says it of the turned one."""

    def least(width: int, height: int) -> Size:
        turned = rotated_size((width, height), degrees)
        wanted = enough(*turned)
        scale = max(wanted[0] / turned[0], wanted[1] / turned[1])
        return math.ceil(width * scale), math.ceil(height * scale)

    return least
