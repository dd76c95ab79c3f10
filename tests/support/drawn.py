"""Drawn photos: textures that nobody owns, and the same ones seen by another camera."""

from __future__ import annotations

import cv2
import numpy as np

from resight.images import Photo


def texture(seed: int, width: int = 400, height: int = 300) -> Photo:
    """Discs, bars and words in random colours."""
    random = np.random.default_rng(seed)
    pixels = np.full((height, width, 3), random.integers(60, 200, 3), np.uint8)
    for _ in range(150):
        x, y = (int(each) for each in random.integers(0, (width, height)))
        size, colour = int(random.integers(4, 25)), [int(each) for each in random.integers(0, 256, 3)]
        kind = random.integers(3)
        if kind == 0:
            cv2.circle(pixels, (x, y), size, colour, -1, cv2.LINE_AA)
        elif kind == 1:
            cv2.rectangle(pixels, (x, y), (x + size, y + int(random.integers(4, 25))), colour, -1)
        else:
            word = "".join(chr(letter) for letter in random.integers(65, 91, 4))
            cv2.putText(pixels, word, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size / 25, colour, 1, cv2.LINE_AA)
    return Photo(pixels, width, height)


def seen(photo: Photo, homography: np.ndarray, width: int = 500, height: int = 450) -> Photo:
    """The photo by a homography of corners' pixels, on grey."""
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])  # OpenCV counts from the centre of the first pixel
    warp = np.linalg.inv(half) @ homography @ half
    pixels = cv2.warpPerspective(photo.pixels, warp, (width, height), borderValue=(128, 128, 128))
    return Photo(pixels, width, height)


def corners_to(photo: Photo, corners) -> np.ndarray:
    """The homography that takes the corners of a photo, clockwise from the upper left, to these."""
    own = [(0, 0), (photo.width, 0), (photo.width, photo.height), (0, photo.height)]
    return cv2.getPerspectiveTransform(np.array(own, np.float32), np.array(corners, np.float32))
