"""Whether two photos show the same flat thing: a homography that points agree on.

MAGSAC++ of Barath et al., CVPR 2020, as OpenCV has it, over the matches of the ratio test.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight.processors import one_matrix_thread, processors
from resight.ranking import LocalFeatures
from resight.rerankers._matching import matcher

Points = NDArray[np.float32]
Homography = NDArray[np.float64]

ITERATIONS, CONFIDENCE = 2000, 0.999
SLANT = 4.0  # of a circle's image, long axis to short: a plane turned away by 75 degrees
NARROW = 2.0  # times the threshold: points on a narrower strip fit too many homographies, mirrored ones too
DEPTH = 4.0  # the farthest inlier's distance to the nearest one's


@dataclass(frozen=True)
class Rule:
    """When two photos agree: the ratio test's `ratio`, and at least `least` inliers.

    An inlier is `threshold` pixels off at most, in a view as local features are found in.
    The defaults are those of `geometry`, whose signature says them again: its settings are read from there.
    """

    ratio: float = 0.85
    threshold: float = 3.0
    least: int = 8


@dataclass(frozen=True, eq=False)
class Agreement:
    """Points of one photo (N, 2) and of another (N, 2) that agree; `homography` takes these to those."""

    points: Points
    others: Points
    homography: Homography

    def __len__(self) -> int:
        return len(self.points)


def agreements(one: LocalFeatures, others: Sequence[LocalFeatures], rule: Rule) -> list[Agreement | None]:
    """One photo with each of many, by all cores; the same however many there are."""
    match = matcher(one, rule.ratio)

    def agreed(other: LocalFeatures) -> Agreement | None:
        if min(len(one), len(other)) < rule.least:
            return None
        pairs = match(other)
        return agreement(one.points[pairs[:, 0]], other.points[pairs[:, 1]], rule, one.scale)

    with one_matrix_thread(), ThreadPoolExecutor(processors()) as pool:
        return list(pool.map(agreed, others))


def agreement(points: Points, others: Points, rule: Rule, scale: float = 1.0) -> Agreement | None:
    """Matched points (M, 2) and (M, 2) -> those that agree, None where too few do or no camera could see so.

    Errors are measured where `points` are, in units of `scale` pixels.
    """
    import cv2

    if len(points) < max(4, rule.least):
        return None
    # the seed of OpenCV's sampling is fixed, so the same matches give the same homography
    back: Any
    back, mask = cv2.findHomography(
        others, points, cv2.USAC_MAGSAC, rule.threshold * scale, maxIters=ITERATIONS, confidence=CONFIDENCE
    )
    if back is None:
        return None
    inlier = np.flatnonzero(mask)
    for places in (points, others):  # a place that has several features counts once
        inlier = inlier[np.sort(np.unique(places[inlier], axis=0, return_index=True)[1])]
    if len(inlier) < rule.least or not plausible(back, others[inlier]):
        return None
    if width(points[inlier]) < NARROW * rule.threshold * scale:
        return None
    return Agreement(points[inlier], others[inlier], np.linalg.inv(back))


def plausible(homography: Homography, points: Points) -> bool:
    """Whether a camera may see a plane so: all points in front of it, not mirrored, and not edge-on."""
    depths = points @ homography[2, :2] + homography[2, 2]
    if depths[0] < 0:
        homography, depths = -homography, -depths
    if (
        not np.isfinite(homography).all()
        or depths.min() <= 0
        or depths.max() > DEPTH * depths.min()
        or np.linalg.det(homography) <= 0
    ):
        return False
    centre = points.mean(axis=0)
    depth = homography[2, :2] @ centre + homography[2, 2]
    place = (homography[:2, :2] @ centre + homography[:2, 2]) / depth
    near = homography[:2, :2] - np.outer(place, homography[2, :2])  # the derivative there, but for the depth
    long, short = np.linalg.svd(near, compute_uv=False)
    return bool(long <= SLANT * short)


def width(points: Points) -> float:
    """Of a cloud of points (N, 2), across its longest direction: the root of the mean square."""
    return float(np.linalg.svd(points - points.mean(axis=0), compute_uv=False)[-1] / np.sqrt(len(points)))
