"""SIFT points, root-normalised. Lowe, IJCV 2004; Arandjelovic and Zisserman, CVPR 2012, section 3."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight.points._strongest import check, halved, places, strongest

WIDTH = 128
SCALE = 512.0  # of a share's square root: few are over half, and those are clipped
STEP = 1 / SCALE
VERSION = "opencv-sift-v1"  # grows with any change of what is found


def sift(
    grey: NDArray[np.uint8], *, count: int = 1000, first_octave: int = -1
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """(H, W) -> places (N, 2) and cells (N, 128): at most `count`, strongest first.

    The smallest points are looked for in the photo at twice its size, `first_octave` -1. With 0 that search
    begins at its own size, with 1 at half of it, each in a quarter of the time of the one before.
    """
    import cv2

    check("sift", count, first_octave, -1)
    octaves = first_octave + 1
    opencv: Any = cv2  # whose type stubs know no SIFT
    detector = opencv.SIFT_create(nfeatures=count, enable_precise_upscale=True)
    found, descriptors = detector.detectAndCompute(halved(grey, octaves), None)
    if not found:
        return np.empty((0, 2), np.float32), np.empty((0, WIDTH), np.uint8)
    order = strongest(found, count)
    return places(found, order, 2**octaves), root_normalised(descriptors[order])


def root_normalised(descriptors: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(N, 128) non-negative -> square roots of their shares of the row's sum, as uint8 in steps of 1/512."""
    shares = descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-12)
    steps: NDArray[np.uint8] = np.minimum(np.rint(np.sqrt(shares) * SCALE), 255).astype(np.uint8)
    return steps
