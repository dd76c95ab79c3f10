"""ORB points, their bits as +1 and -1. Rublee, Rabaud, Konolige and Bradski, ICCV 2011."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight.points._strongest import check, halved, places, strongest

WIDTH = 256
STEP = 1.0
VERSION = "opencv-orb-v1"  # grows with any change of what is found


def orb(
    grey: NDArray[np.uint8], *, count: int = 1500, first_octave: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """(H, W) -> places (N, 2) and cells (N, 256) of +1 and -1: at most `count`, strongest first.

    Points are looked for in the photo at its own size and at smaller ones; `first_octave` 1 begins at half.
    """
    import cv2

    check("orb", count, first_octave, 0)
    opencv: Any = cv2  # whose type stubs know no ORB
    detector = opencv.ORB_create(nfeatures=count)
    found, descriptors = detector.detectAndCompute(halved(grey, first_octave), None)
    if not found:
        return np.empty((0, 2), np.float32), np.empty((0, WIDTH), np.int8)
    order = strongest(found, count)
    bits = np.unpackbits(descriptors[order], axis=1)
    return places(found, order, 2**first_octave), (2 * bits.astype(np.int8) - 1).astype(np.int8)
