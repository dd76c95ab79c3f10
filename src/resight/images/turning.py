"""Turns pixels upright, as the EXIF orientation says."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from resight.images.photo import Pixels, Size

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
