"""Salient regions: detection, clustering and hulls, each beside its slow form: float64 and plain loops."""

import itertools
import math

import numpy as np
import pytest

from resight import methods
from resight.areas import WHOLE, masks
from resight.errors import BadSetting
from resight.regions._fast_global_kmeans import _settle, best_start, fast_global_kmeans
from resight.regions._hessian import peaks
from resight.regions.salient import salient

# Detection


def grey_photo(seed: int, height: int, width: int) -> np.ndarray:
    """Noise over patches of 4 pixels; equal channels, so that grey is the value itself."""
    chance = np.random.default_rng(seed)
    patches = chance.integers(0, 200, (height // 4 + 1, width // 4 + 1, 1))
    values = np.kron(patches, np.ones((4, 4, 1), dtype=int))[:height, :width]
    return np.repeat(values + chance.integers(0, 50, values.shape), 3, axis=2).astype(np.uint8)


def mirrored(place: int, length: int) -> int:
    """Where a place outside the image is read: mirrored at the middle of the border pixel."""
    while not 0 <= place < length:
        place = -place if place < 0 else 2 * (length - 1) - place
    return place


def blurred(image: list, sigma: float) -> list:
    reach = (round(sigma * 8 + 1) | 1) // 2
    weights = [math.exp(-(t * t) / (2 * sigma * sigma)) for t in range(-reach, reach + 1)]
    weights = [weight / sum(weights) for weight in weights]
    for _ in range(2):  # along the rows, then turned
        rows = [
            [
                sum(w * row[mirrored(x + t - reach, len(row))] for t, w in enumerate(weights))
                for x in range(len(row))
            ]
            for row in image
        ]
        image = [list(column) for column in zip(*rows, strict=True)]
    return image


def determinants(image: list, sigma: float) -> list:
    height, width = len(image), len(image[0])

    def at(y, x):
        return image[mirrored(y, height)][mirrored(x, width)]

    found = [[0.0] * width for _ in range(height)]
    for y in range(height):
        for x in range(width):
            xx = at(y, x - 1) - 2 * at(y, x) + at(y, x + 1)
            yy = at(y - 1, x) - 2 * at(y, x) + at(y + 1, x)
            xy = (at(y + 1, x + 1) - at(y + 1, x - 1) - at(y - 1, x + 1) + at(y - 1, x - 1)) / 4
            found[y][x] = (xx * yy - xy * xy) * sigma**4
    return found


def peaks_slowly(pixels: np.ndarray, sigma: float, threshold: float) -> list:
    image = blurred((pixels[:, :, 0] / 255).tolist(), math.sqrt(sigma**2 - 0.25))
    found, step = [], 1
    while min(len(image), len(image[0])) >= 8:
        sigmas = [sigma * 2 ** (level / 3) for level in range(5)]
        images = [image]
        for before, after in itertools.pairwise(sigmas):
            images.append(blurred(images[-1], math.sqrt(after**2 - before**2)))
        space = [determinants(one, blur) for one, blur in zip(images, sigmas, strict=True)]
        inner = itertools.product(range(1, 4), range(1, len(image) - 1), range(1, len(image[0]) - 1))
        for level, y, x in inner:
            around = itertools.product((-1, 0, 1), repeat=3)
            if space[level][y][x] > threshold and all(
                space[level][y][x] >= space[level + a][y + b][x + c] for a, b, c in around
            ):
                found.append([x * step, y * step])
        image, step = [row[::2] for row in images[3][::2]], step * 2
    return found


@pytest.mark.parametrize(("height", "width"), [(8, 8), (9, 41), (24, 31), (48, 40)])
def test_peaks_are_those_of_the_loops(height, width):
    pixels = grey_photo(height * width, height, width)
    for sigma, threshold in ((1.0, 1e-4), (1.6, 1e-3)):
        expected = peaks_slowly(pixels, sigma, threshold)
        assert peaks(pixels, sigma, threshold).tolist() == expected
        assert expected or height < 10


def test_peaks_on_blobs_of_several_sizes():
    y, x = np.mgrid[:120, :160]
    blobs = [(30, 30, 2.0, 90), (110, 40, 4.0, -90), (60, 85, 9.0, 90)]
    grey = 120 + sum(h * np.exp(-((x - u) ** 2 + (y - v) ** 2) / (2 * s * s)) for u, v, s, h in blobs)
    found = peaks(np.repeat(np.round(grey)[:, :, None], 3, axis=2).astype(np.uint8), 1.0, 1e-3)
    for u, v, size, _ in blobs:
        assert np.abs(found - [u, v]).max(axis=1).min() <= max(1, size / 2)


@pytest.mark.parametrize("shape", [(1, 1), (7, 300), (300, 7), (64, 64)])
def test_no_peaks_where_nothing_is_to_be_seen(shape):
    assert peaks(np.full((*shape, 3), 90, dtype=np.uint8), 1.0, 1e-4).shape == (0, 2)


# Clustering


def square(one, other) -> float:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def nearest_slowly(point, centres) -> tuple[float, int]:
    return min((square(point, centre), number) for number, centre in enumerate(centres))


def best_start_slowly(points, distances) -> int:
    best, largest = 0, -1.0
    for n, candidate in enumerate(points):
        reduction = 0.0
        for point, distance in zip(points, distances, strict=True):
            reduction += max(distance - square(candidate, point), 0.0)
        if reduction > largest:
            best, largest = n, reduction
    return best


def settled_slowly(points, centres) -> tuple[list, list]:
    labels = None
    while True:
        before, labels = labels, [nearest_slowly(point, centres)[1] for point in points]
        if labels == before:
            return centres, labels
        for number in range(len(centres)):
            own = [point for point, label in zip(points, labels, strict=True) if label == number]
            if own:
                centres[number] = [sum(axis) / len(own) for axis in zip(*own, strict=True)]


def clusters_slowly(points, count) -> list[int]:
    centres, labels = settled_slowly(points, [list(points[0])])
    for _ in range(count - 1):
        distances = [nearest_slowly(point, centres)[0] for point in points]
        start = best_start_slowly(points, distances)
        centres, labels = settled_slowly(points, [*centres, list(points[start])])
    return labels


def random_points(seed: int, number: int) -> np.ndarray:
    """Middles of pixels, in clumps, a few of them twice."""
    chance = np.random.default_rng(seed)
    middles = chance.uniform(0, 600, (4, 2))[chance.integers(0, 4, number)]
    points = np.floor(middles + chance.normal(0, chance.uniform(5, 80), (number, 2))) + 0.5
    points[: number // 10] = points[-1]
    return points


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_clusters_are_those_of_the_loops(seed, count):
    points = random_points(seed, 30 + 5 * seed)
    assert fast_global_kmeans(points, count).tolist() == clusters_slowly(points.tolist(), count)


def test_the_start_among_4000_is_that_of_float64():
    points = random_points(1, 4000)
    for centres in (points.mean(axis=0)[None], points[[5, 99]]):
        distances = ((points[:, None] - centres) ** 2).sum(axis=2).min(axis=1)
        reductions = [np.maximum(distances - ((points - x) ** 2).sum(axis=1), 0).sum() for x in points]
        assert best_start(points, distances) == np.argmax(reductions)


def test_of_equal_starts_the_first_is_taken():
    points = np.array(list(itertools.product(range(7), repeat=2)), dtype=np.float64)
    distances = ((points - 3) ** 2).sum(axis=1)
    expected = best_start_slowly(points.tolist(), distances.tolist())
    assert best_start(points, distances) == expected
    reductions = [np.maximum(distances - ((points - x) ** 2).sum(axis=1), 0).sum() for x in points]
    assert np.count_nonzero(reductions == max(reductions)) >= 4


def test_starts_that_float32_cannot_tell_apart():
    # two clumps, mirrored; one point of the second is a hair better placed
    clump = np.random.default_rng(3).normal([1000, 0], 30, (500, 2))
    points = np.concatenate([clump, -clump])
    points[700] += [-1e-4, 0]
    distances = (points**2).sum(axis=1)
    reductions = [np.maximum(distances - ((points - x) ** 2).sum(axis=1), 0).sum() for x in points]
    assert best_start(points, distances) == np.argmax(reductions)


@pytest.mark.parametrize("seed", range(5))
def test_the_error_falls_by_what_was_guaranteed(seed):
    points = random_points(seed, 300)
    distances = ((points - points.mean(axis=0)) ** 2).sum(axis=1)
    start = points[best_start(points, distances)]
    guaranteed = np.maximum(distances - ((points - start) ** 2).sum(axis=1), 0).sum()
    labels = fast_global_kmeans(points, 2)
    error = sum(((own - own.mean(axis=0)) ** 2).sum() for own in (points[labels == 0], points[labels == 1]))
    assert error <= distances.sum() - guaranteed + 1e-6


@pytest.mark.parametrize(
    ("points", "clusters"),
    [
        ([[0.1, 0.7]], 1),
        ([[0.1, 0.7]] * 7, 1),  # their mean is not quite their place
        ([[1e7 + 0.1, 0.3]] * 7, 1),
        ([[0.1, 0.7]] * 50 + [[5, 5]], 2),
        ([[k, 2 * k] for k in range(9)], 3),
    ],
)
def test_few_distinct_points_give_few_clusters(points, clusters):
    labels = fast_global_kmeans(np.array(points, dtype=np.float64), 3)
    assert len(set(labels.tolist())) == clusters


def test_a_centre_without_points_stays():
    points = np.array([[9.0, 9.0], [11.0, 9.0], [9.0, 12.0]])
    centres, labels = _settle(points, np.array([[10.0, 10.0], [80.0, 70.0]]))
    assert labels.tolist() == [0, 0, 0]
    np.testing.assert_allclose(centres, [points.mean(axis=0), [80, 70]])


# Regions


def saliency(seed: int, height: int, width: int) -> np.ndarray:
    """Half of the cells are zero."""
    values = np.random.default_rng(seed).normal(size=(height, width))
    return np.maximum(values, 0).astype(np.float32)


def at_pixel(alpha: np.ndarray, x: float, y: float, width: int, height: int) -> float:
    """Bilinear between the middles of the cells, the outermost carried on to the border."""
    u = min(max(x / width * alpha.shape[1] - 0.5, 0), alpha.shape[1] - 1)
    v = min(max(y / height * alpha.shape[0] - 0.5, 0), alpha.shape[0] - 1)
    left, top = math.floor(u), math.floor(v)
    right, bottom = min(left + 1, alpha.shape[1] - 1), min(top + 1, alpha.shape[0] - 1)
    upper = alpha[top, left] * (1 - (u - left)) + alpha[top, right] * (u - left)
    lower = alpha[bottom, left] * (1 - (u - left)) + alpha[bottom, right] * (u - left)
    return upper * (1 - (v - top)) + lower * (v - top)


def hull_slowly(points: list) -> list:
    """From one corner to the next: the one that leaves no point on the right."""
    corners = [min(points)]
    while True:
        here, ahead = corners[-1], None
        for point in points:
            if point == here:
                continue
            if ahead is None:
                ahead = point
                continue
            turn = (ahead[0] - here[0]) * (point[1] - here[1]) - (ahead[1] - here[1]) * (point[0] - here[0])
            if turn < 0 or (turn == 0 and square(here, point) > square(here, ahead)):
                ahead = point
        if ahead is None or ahead == corners[0]:
            return corners
        corners.append(ahead)


def regions_slowly(points: list, clusters: int, alpha: np.ndarray, width: int, height: int) -> list:
    labels = clusters_slowly(points, clusters)
    polygons, covered = [WHOLE], {np.ones(alpha.shape, dtype=bool).tobytes()}
    for size in range(1, clusters + 1):
        for choice in itertools.combinations(range(clusters), size):
            own = [point for point, label in zip(points, labels, strict=True) if label in choice]
            polygon = np.array(hull_slowly(own)) / [width, height]
            mask = masks([polygon], *alpha.shape)[0]
            if mask.any() and mask.tobytes() not in covered:
                covered.add(mask.tobytes())
                polygons.append(polygon)
    return polygons


def reach(polygon: np.ndarray) -> np.ndarray:
    """How far a convex polygon goes in each of many directions: equal for equal shapes."""
    angles = np.linspace(0, 2 * np.pi, 100)
    return (polygon @ np.stack([np.cos(angles), np.sin(angles)])).max(axis=0)


@pytest.mark.parametrize("seed", range(8))
def test_regions_are_those_of_the_loops(seed):
    height, width = np.random.default_rng(seed).integers(60, 120, 2)
    pixels, alpha = grey_photo(seed, height, width), saliency(seed, 5 + seed, 9)
    found = [(x + 0.5, y + 0.5) for x, y in peaks(pixels, 1.0, 1e-4).tolist()]
    assert len(found) > 70
    found.sort(key=lambda point: -at_pixel(alpha, *point, width, height))
    expected = regions_slowly(found[:60], 3, alpha, width, height)
    regions = salient(pixels, alpha, n_max=60, n_min=20)
    assert len(regions) == len(expected) > 3
    for one, other in zip(regions, expected, strict=True):
        np.testing.assert_allclose(reach(one), reach(other), atol=1e-6)


def test_regions_lie_where_saliency_is():
    alpha = np.zeros((15, 20), dtype=np.float32)
    alpha[2:6, 12:17] = 1
    whole, *regions = salient(grey_photo(1, 120, 160), alpha, n_max=40, n_min=20)
    assert whole is WHOLE
    assert len(regions) > 3
    for polygon in regions:
        assert (polygon > np.array([11, 1]) / [20, 15]).all()
        assert (polygon < np.array([18, 7]) / [20, 15]).all()


def test_cells_stand_in_where_detections_are_few():
    alpha = np.full((6, 8), 0.1, dtype=np.float32)
    clumps = [[(0, 0), (0, 1)], [(5, 0), (4, 0)], [(2, 7), (3, 7)]]
    for clump in clumps:
        alpha[tuple(zip(*clump, strict=True))] = 0.5
    blank = np.zeros((60, 80, 3), dtype=np.uint8)
    regions = salient(blank, alpha, n_min=6)
    found = masks(regions, 6, 8)
    assert len(regions) == 8
    cells = [{(int(row), int(column)) for row, column in np.argwhere(mask)} for mask in found]
    assert {frozenset(one) for one in cells[1:4]} == {frozenset(clump) for clump in clumps}
    assert cells[7] > set().union(*map(set, clumps))


def test_one_salient_cell_is_one_region():
    alpha = np.zeros((4, 5), dtype=np.float32)
    alpha[1, 3] = 2
    regions = salient(np.zeros((33, 47, 3), dtype=np.uint8), alpha)
    assert len(regions) == 2
    assert np.argwhere(masks(regions, 4, 5)[1]).tolist() == [[1, 3]]


def test_without_activation_there_is_the_whole_alone():
    blank = np.zeros((50, 50, 3), dtype=np.uint8)
    assert [polygon.tolist() for polygon in salient(blank, np.zeros((7, 7), np.float32))] == [WHOLE.tolist()]


def test_small_hulls_go():
    pixels, alpha = grey_photo(4, 90, 120), saliency(4, 9, 12)
    regions = salient(pixels, alpha, n_max=200, n_min=50)
    sizes = masks(regions, 9, 12).sum(axis=(1, 2))
    limit = int(np.median(sizes))
    fewer = salient(pixels, alpha, n_max=200, n_min=50, min_cells=limit)
    assert [polygon.tolist() for polygon in fewer] == [
        polygon.tolist() for polygon, size in zip(regions, sizes, strict=True) if size >= limit
    ]
    assert len(salient(pixels, alpha, min_cells=1000)) == 1


@pytest.mark.parametrize("view", [(1, 1), (1, 700), (9, 900), (64, 48), (480, 640)])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (23, 1), (2, 2), (15, 20)])
@pytest.mark.parametrize("kind", ["blank", "noise", "line"])
def test_the_promise_of_a_region_method(view, shape, kind):
    pixels = grey_photo(2, *view) if kind == "noise" else np.full((*view, 3), 30, dtype=np.uint8)
    if kind == "line":
        pixels[view[0] // 2, ::7] = 255
    pixels.flags.writeable = False
    for alpha in (saliency(7, *shape), np.ones(shape, np.float32), np.full(shape, 1e-30, np.float32)):
        alpha.flags.writeable = False
        regions = salient(pixels, alpha)
        assert regions[0].tolist() == WHOLE.tolist()
        assert 1 <= len(regions) <= 8
        found = masks(regions, *shape)
        assert found.any(axis=(1, 2)).all()
        assert len({mask.tobytes() for mask in found}) == len(regions)
        for polygon in regions:
            assert polygon.dtype == np.float64
            assert polygon.ndim == polygon.shape[1] == 2
            assert 0 <= polygon.min() <= polygon.max() <= 1
        again = salient(pixels, alpha)
        assert [polygon.tolist() for polygon in again] == [polygon.tolist() for polygon in regions]


def test_turned_and_cut_arrays_are_read_alike():
    pixels, alpha = grey_photo(5, 80, 100), saliency(5, 8, 10)
    expected = [polygon.tolist() for polygon in salient(pixels, alpha)]
    wide = np.zeros((80, 200, 3), dtype=np.uint8)
    wide[:, ::2] = pixels
    turned = np.ascontiguousarray(pixels[::-1, ::-1])[::-1, ::-1], np.ascontiguousarray(alpha[::-1])[::-1]
    for views in ((wide[:, ::2], np.asfortranarray(alpha)), turned):
        assert [polygon.tolist() for polygon in salient(*views)] == expected


def test_settings():
    pixels, alpha = grey_photo(6, 80, 100), saliency(6, 8, 10)
    for clusters, most in ((1, 2), (2, 4), (4, 16)):
        method = methods.find("regions", f"salient:clusters={clusters},n_min=50")
        assert 1 < len(method(pixels, alpha)) <= most
    for wrong in ("clusters=0", "clusters=9", "n_max=0", "n_min=0", "min_cells=0", "sigma=0.5"):
        with pytest.raises(BadSetting, match="'salient' takes 1 to 8 for 'clusters'"):
            methods.find("regions", f"salient:{wrong}")(pixels, alpha)
