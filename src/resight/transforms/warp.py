"""A random view of a flat thing: crop, turn, stretch and perspective, by one homography."""

from __future__ import annotations

import numpy as np

from resight.transforms._warping import Pixels, warped

NEEDS = ("size",)


def warp(
    pixels: Pixels,
    generator: np.random.Generator,
    size: tuple[int, int] | None = None,
    *,
    crop: float = 0.55,
    turn: float = 25.0,
    corners: float = 0.12,
    aspect: float = 0.2,
) -> Pixels:
    """(H, W, 3) -> (H, W, 3), or `size` (height, width): what a camera elsewhere would see of a flat photo.

    The window that is looked through is `crop` to 1 of the side, turned by at most `turn` degrees, stretched
    by at most e to the power of `aspect`, lies anywhere inside the photo, and each of its corners is moved by
    at most `corners` of its side. Outside the photo stands its mirror image.
    """
    import cv2

    height, width = pixels.shape[:2]
    share, stretch = generator.uniform(crop, 1.0), np.exp(generator.uniform(-aspect, aspect))
    half = 0.5 * share * np.array([width, height]) * np.array([np.sqrt(stretch), 1 / np.sqrt(stretch)])
    centre = np.array([width, height]) * (0.5 + generator.uniform(-0.5, 0.5, 2) * (1 - share))
    angle = np.deg2rad(generator.uniform(-turn, turn))
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float64)
    moved = square + generator.uniform(-2 * corners, 2 * corners, square.shape)
    source = centre + (moved * half) @ rotation.T
    rows, columns = size or (height, width)
    target = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float64)
    # OpenCV counts from the centre of the first pixel, so both sets of corners are half a pixel less.
    matrix = cv2.getPerspectiveTransform((source - 0.5).astype(np.float32), (target - 0.5).astype(np.float32))
    return warped(pixels, cv2.warpPerspective, matrix, columns, rows)
