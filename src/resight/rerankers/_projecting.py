"""Where a part of one photo lies in another: polygons by a homography."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight.ranking import LocalFeatures
from resight.rerankers._verifying import Agreement
from resight.types import Region

Points = NDArray[np.float64]

STEEPEST = 10.0  # times the depth of the points, or its share: a homography of few points is wild beyond
WIDEST = 10.0  # times the extent of a photo's points: where a region that is larger lies is not known


def moved(points: Points | NDArray[np.float32], homography: NDArray[Any]) -> Points:
    """(N, 2) points by a homography; what it takes to infinity is not finite."""
    there = points @ homography[:, :2].T + homography[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(there[:, :2] / there[:, 2:], dtype=np.float64)


def projected(area: Region, agreement: Agreement, photo: LocalFeatures) -> Region:
    """An area of the first photo as it lies in the other, whose features `photo` are.

    Its corners may lie outside the photo. Where the homography takes one of them behind the camera, or very
    far away, or so near that the region is a sliver, it is the hull of the points that agree.
    """
    corners = np.array(area.polygon)
    depths, known = (
        points @ agreement.homography[2, :2] + agreement.homography[2, 2]
        for points in (corners, agreement.points)
    )
    there = moved(corners, agreement.homography)
    widest = WIDEST * np.ptp(photo.points, axis=0).max()
    shares = depths / np.median(known)
    steady = shares.min() > 1 / STEEPEST and shares.max() < STEEPEST
    if steady and np.ptp(there, axis=0).max() <= widest:
        return Region.of(there.tolist())
    return Region.of(hull(agreement.others).tolist())


def hull(points: NDArray[np.float32]) -> Points:
    """(N, 2) -> the corners of their convex hull, all one way round."""
    import cv2

    return np.asarray(cv2.convexHull(points), dtype=np.float64).reshape(-1, 2)


def within(points: NDArray[np.float32], corners: Points) -> NDArray[np.bool_]:
    """(N, 2) points -> whether each lies in a convex polygon, its edges included."""
    edges = np.roll(corners, -1, axis=0) - corners
    away = points[:, None] - corners
    sides = edges[:, 0] * away[..., 1] - edges[:, 1] * away[..., 0]
    return np.asarray((sides >= 0).all(axis=1) | (sides <= 0).all(axis=1))
