"""Resizes pixels, the same way for every engine."""

from __future__ import annotations

from typing import Any

import numpy as np

from resight.images.photo import Pixels, Size


def resize(pixels: Pixels, width: int, height: int) -> Pixels:
    """(H, W, 3) uint8 -> (height, width, 3) uint8, contiguous: area to resize_within, linear to grow."""
    import cv2

    # OpenCV's area mode samples points as soon as one axis grows, so each axis gets its own mode.
    result: Any = pixels
    smaller = min(width, pixels.shape[1]), min(height, pixels.shape[0])
    if smaller != (pixels.shape[1], pixels.shape[0]):
        result = cv2.resize(result, smaller, interpolation=cv2.INTER_AREA)
    if smaller != (width, height):
        result = cv2.resize(result, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(result)


def size_within(side: int, width: int, height: int) -> Size:
    """Width and height of the same shape, at most `side`; a smaller photo keeps its own."""
    scale = min(1.0, side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def resize_within(pixels: Pixels, side: int) -> Pixels:
    """(H, W, 3) uint8 -> the same at most `side` pixels wide and high."""
    height, width = pixels.shape[:2]
    return resize(pixels, *size_within(side, width, height))
