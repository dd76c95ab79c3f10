"""Hulls of clusters of salient points. Jeong et al., 2017, section on candidate regions, eq. 1."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from resight.areas import WHOLE, Polygon, masks
from resight.errors import BadSetting
from resight.regions._fast_global_kmeans import fast_global_kmeans
from resight.regions._hessian import CAMERA, peaks

COUNT_VARIES_WITH = ("content",)

Points = NDArray[np.float64]


def salient(
    pixels: NDArray[np.uint8],
    alpha: NDArray[np.float32],
    *,
    clusters: int = 3,
    n_max: int = 4000,
    n_min: int = 300,
    sigma: float = 1.0,
    threshold: float = 1e-4,
    min_cells: int = 1,
) -> list[Polygon]:
    """A photo and its saliency (H, W) -> the whole view, then hulls of clusters of points.

    The points are the `n_max` Hessian detections of largest saliency (`sigma` is the finest blur in pixels,
    `threshold` the least determinant, of grey values 0 to 1), or, where there are fewer than `n_min` of them,
    the `n_min` most salient cells, each with its whole square. Cells without activation are not salient.
    They form `clusters` clusters, and each non-empty choice of clusters gives a hull, single ones first: at
    most `2 ** clusters` regions. Hulls of fewer than `min_cells` cells on the map go, and so does a hull that
    covers the same cells as one before it.
    """
    if not 1 <= clusters <= 8 or min(n_max, n_min, min_cells) < 1 or sigma <= CAMERA:
        raise BadSetting(
            "'salient' takes 1 to 8 for 'clusters', 1 or more for 'n_max', 'n_min' and 'min_cells', "
            f"and more than {CAMERA} for 'sigma'."
        )
    points, reach = salient_points(pixels, alpha, n_max=n_max, n_min=n_min, sigma=sigma, threshold=threshold)
    hulls = _hulls(points, reach, clusters) if len(points) else []
    size = np.array([pixels.shape[1], pixels.shape[0]], dtype=np.float64)
    return _distinct([WHOLE, *(np.clip(hull / size, 0, 1) for hull in hulls)], alpha, min_cells)


def salient_points(
    pixels: NDArray[np.uint8],
    alpha: NDArray[np.float32],
    *,
    n_max: int,
    n_min: int,
    sigma: float,
    threshold: float,
) -> tuple[Points, tuple[float, float]]:
    """(N, 2) x, y in pixels, the most salient first, and how far each extends across and down."""
    points = _detections(pixels, alpha, n_max, sigma, threshold)
    return (points, (0.0, 0.0)) if len(points) >= n_min else _cells(pixels, alpha, n_min)


def _detections(
    pixels: NDArray[np.uint8], alpha: NDArray[np.float32], count: int, sigma: float, threshold: float
) -> Points:
    """(N, 2) x, y in pixels, the most salient first; equals in the order of the detector."""
    import cv2

    found = peaks(pixels, sigma, threshold)
    resized = cv2.resize(alpha, pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    order = np.argsort(-resized[found[:, 1], found[:, 0]], kind="stable")
    return found[order[:count]].astype(np.float64) + 0.5


def _cells(
    pixels: NDArray[np.uint8], alpha: NDArray[np.float32], count: int
) -> tuple[Points, tuple[float, float]]:
    """Centres (N, 2) of the most salient cells, in pixels, and half the width and height of a cell."""
    width, height = pixels.shape[1] / alpha.shape[1], pixels.shape[0] / alpha.shape[0]
    order = np.argsort(-alpha, axis=None, kind="stable")[: min(count, int((alpha > 0).sum()))]
    rows, columns = np.unravel_index(order, alpha.shape)
    return np.column_stack([(columns + 0.5) * width, (rows + 0.5) * height]), (width / 2, height / 2)


def _hulls(points: Points, reach: tuple[float, float], clusters: int) -> list[Polygon]:
    """The hull of each non-empty choice of clusters, in pixels; `reach` is how far a point extends."""
    labels = fast_global_kmeans(points, clusters)
    corners = np.array(list(itertools.product((-1, 1), repeat=2))) * reach if any(reach) else np.zeros((1, 2))
    # the hull of a union is the hull of the hulls, and a few corners instead of thousands of points
    alone = [_hull(points[labels == label]) for label in np.unique(labels)]
    alone = [_hull((hull[:, None] + corners).reshape(-1, 2)) for hull in alone]
    sizes = range(1, len(alone) + 1)
    choices = itertools.chain.from_iterable(itertools.combinations(alone, size) for size in sizes)
    return [_hull(np.concatenate(choice)) for choice in choices]


def _hull(points: Points) -> Polygon:
    import cv2

    return np.asarray(cv2.convexHull(points.astype(np.float32)), dtype=np.float64).reshape(-1, 2)


def _distinct(polygons: list[Polygon], alpha: NDArray[np.float32], min_cells: int) -> list[Polygon]:
    """Without those that cover too few cells, or the same as one before; the first, the whole view, stays."""
    kept: dict[bytes, Polygon] = {}
    for polygon, mask in zip(polygons, masks(polygons, *alpha.shape), strict=True):
        if not kept or mask.sum() >= min_cells:
            kept.setdefault(mask.tobytes(), polygon)
    return list(kept.values())
