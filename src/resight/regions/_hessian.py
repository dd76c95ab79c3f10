"""Points where the determinant of the Hessian peaks. Mikolajczyk and Schmid, IJCV 2004, section 2."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVELS = 3  # scales an octave
CAMERA = 0.5  # the blur that a photo comes with, in pixels
SMALLEST = 8  # pixels along the shorter side, below which an octave shows borders rather than blobs


def peaks(pixels: NDArray[np.uint8], sigma: float, threshold: float) -> NDArray[np.int64]:
    """(h, w, 3) uint8 sRGB -> (N, 2) column and row of each peak in place and scale, finest scale first.

    A peak is above `threshold` and not below its 26 neighbours, places along the border apart; the
    determinant is of grey values 0 to 1 and made comparable over scales by the fourth power of the blur.
    The finest blur is `sigma` pixels, above 0.5. Only positions are given, so no affine shape is estimated.
    """
    import cv2

    found = [np.empty((0, 2), dtype=np.int64)]
    grey: Any = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    if min(grey.shape) >= SMALLEST:
        grey = _blur(grey, CAMERA, sigma)
    for step, responses in _octaves(grey, sigma):
        around = [cv2.dilate(response, np.ones((3, 3), dtype=np.uint8)) for response in responses]
        for level in range(1, LEVELS + 1):
            highest = cv2.max(cv2.max(around[level - 1], around[level]), around[level + 1])
            response = responses[level]
            peak = ((response >= highest) & (response > threshold))[1:-1, 1:-1]
            rows, columns = np.nonzero(peak)
            found.append(np.column_stack([columns + 1, rows + 1]) * step)
    return np.concatenate(found)


def _octaves(grey: Any, sigma: float) -> Iterator[tuple[int, list[Any]]]:
    """Step in pixels and LEVELS + 2 responses, octave by octave; blurs count in pixels of the octave."""
    blurs = sigma * 2 ** (np.arange(LEVELS + 2) / LEVELS)
    step = 1
    while min(grey.shape) >= SMALLEST:
        images = [grey]
        for before, after in itertools.pairwise(blurs):
            images.append(_blur(images[-1], before, after))
        yield step, [_determinant(image, blur) for image, blur in zip(images, blurs, strict=True)]
        grey, step = np.ascontiguousarray(images[LEVELS][::2, ::2]), step * 2


def _blur(image: Any, before: float, after: float) -> Any:
    import cv2

    return cv2.GaussianBlur(image, (0, 0), float(np.sqrt(after**2 - before**2)))


def _determinant(image: Any, blur: float) -> Any:
    import cv2

    across = cv2.Sobel(image, cv2.CV_32F, 2, 0, ksize=1)  # 1 -2 1
    down = cv2.Sobel(image, cv2.CV_32F, 0, 2, ksize=1)
    mixed = cv2.Sobel(image, cv2.CV_32F, 1, 1, ksize=1)  # corners, 4 times the derivative
    return (across * down - mixed * mixed * np.float32(1 / 16)) * np.float32(blur**4)
