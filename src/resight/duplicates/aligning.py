"""One grey picture laid over another by their pixels alone: flat drawings have hardly any points."""

from __future__ import annotations

import itertools

import numpy as np

from resight.duplicates.looking import Grey
from resight.duplicates.overlap import Matrix, between
from resight.images.resizing import resize_within

SIDE = 32  # pixels of the longest side, where turns, sizes and places are tried
TURNS = [90 * quarter + beside for quarter in range(4) for beside in (-12, -6, 0, 6, 12)]  # degrees
SIZES = (0.78, 0.88, 1.0, 1.14, 1.28)
MIDDLE = 0.7  # of the first picture's shorter side, which is looked for in the second
FLAT = 2.0  # grey levels of deviation: a flatter middle is found everywhere
LEAST = 6  # pixels of that middle: a strip is not aligned
LIKELY = 0.6  # the least correlation of the best place that is refined
STEPS, CLOSE, BLUR = 60, 1e-4, 3  # of the refinement
SINGULAR = 1e-3  # share of an area that is left: no picture is


def align(one: Grey, other: Grey) -> Matrix | None:
    """The affine map (2, 3) from pixels of the first picture to the second's; None where there is none.

    The middle of the first is looked for in the second, both small, in quarter turns and a little beside
    them, in several sizes; the best place is refined by the enhanced correlation coefficient (Evangelidis and
    Psarakis, PAMI 2008).
    """
    import cv2

    small, large = resize_within(one, SIDE), resize_within(other, SIDE)
    begun = _tried(small, large)
    if begun is None:
        return None
    start = between(large.shape, other.shape) @ begun @ between(one.shape, small.shape)
    ends = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, STEPS, CLOSE)
    first, everywhere = start[:2].astype(np.float32), np.full(other.shape, 255, np.uint8)
    try:
        _, found = cv2.findTransformECC(one, other, first, cv2.MOTION_AFFINE, ends, everywhere, BLUR)
    except cv2.error:  # where it does not converge
        return None
    affine = np.asarray(found, np.float64)
    return affine if abs(np.linalg.det(affine[:, :2])) > SINGULAR else None


def _tried(one: Grey, other: Grey) -> Matrix | None:
    """The best of all turns, sizes and places, as a map (3, 3) between small pictures."""
    import cv2

    height, width = one.shape
    side = int(MIDDLE * min(width, height))
    if side < LEAST:
        return None
    margin = side // 2
    around = cv2.copyMakeBorder(other, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    best, found = LIKELY, None
    for turn, size in itertools.product(TURNS, SIZES):
        turned = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), turn, size)
        moved = _shift((side - width) / 2, (side - height) / 2) @ np.vstack([turned, [0, 0, 1]])
        middle = cv2.warpAffine(one, moved[:2], (side, side))
        if float(middle.std()) < FLAT:
            continue
        _, value, _, (left, top) = cv2.minMaxLoc(cv2.matchTemplate(around, middle, cv2.TM_CCOEFF_NORMED))
        if value > best:
            best, found = value, _shift(left - margin, top - margin) @ moved
    return found


def _shift(right: float, down: float) -> Matrix:
    return np.array([[1, 0, right], [0, 1, down], [0, 0, 1]])
