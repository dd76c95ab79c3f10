import cv2
import numpy as np
import pytest

from resight.errors import BadQuery
from resight.images import Photo, read
from resight.local_features import COUNT, SIDE, VERSION, enough, extract
from resight.points.sift import root_normalised
from resight.types import Box
from support.drawn import texture


def blob(width, height, x, y, radius=8.0):
    """A soft disc whose centre is x, y, counted from the corner of the photo."""
    across, down = np.arange(width) + 0.5 - x, np.arange(height) + 0.5 - y
    grey = 30 + 200 * np.exp(-(across**2 + down[:, None] ** 2) / (2 * radius**2))
    return np.repeat(np.rint(grey).astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize(("x", "y"), [(60.5, 50.5), (61.0, 49.0), (70.25, 40.75)])
def test_a_point_is_where_its_blob_is_counted_from_the_corner(x, y):
    found = extract(Photo(blob(120, 100, x, y), 120, 100))
    assert np.abs(found.points[0] - (x, y)).max() < 0.1


def test_points_of_a_large_photo_are_in_its_own_pixels():
    found = extract(Photo(blob(1500, 1000, 901.0, 333.0, radius=30), 1500, 1000))
    assert np.abs(found.points[0] - (901, 333)).max() < 0.5


def test_points_of_a_photo_that_was_decoded_small_are_in_pixels_of_the_original():
    found = extract(Photo(blob(300, 200, 180.0, 66.0), 1500, 1000))
    assert np.abs(found.points[0] - (900, 330)).max() < 0.5


def test_a_box_gives_the_features_of_its_part_alone_moved_to_their_place():
    photo = texture(1, 700, 500)
    inner = extract(photo, Box(100, 50, 300, 200))
    alone = extract(Photo(np.ascontiguousarray(photo.pixels[50:250, 100:400]), 300, 200))
    assert len(inner) > 50
    assert np.array_equal(inner.descriptors, alone.descriptors)
    assert np.allclose(inner.points, alone.points + np.array([100, 50]), atol=1e-4)


def test_a_box_in_a_photo_that_was_decoded_small_is_in_pixels_of_the_original():
    found = extract(Photo(blob(300, 200, 180.0, 66.0), 1500, 1000), Box(700, 200, 500, 400))
    assert np.abs(found.points[0] - (900, 330)).max() < 0.5


def test_a_box_outside_the_photo_is_refused():
    with pytest.raises(BadQuery):
        extract(texture(1), Box(500, 0, 10, 10))


def test_a_jpeg_that_is_decoded_small_has_its_points_at_the_same_places(tmp_path):
    photo = texture(2, 2560, 1920)
    cv2.imwrite(str(tmp_path / "large.jpg"), photo.pixels)
    small = read(tmp_path / "large.jpg", enough=enough)
    assert small.pixels.shape[1] < 2560
    few, all_ = extract(small).points[:50], extract(read(tmp_path / "large.jpg")).points
    nearest = np.linalg.norm(few[:, None] - all_, axis=2).min(axis=1)
    assert np.median(nearest) < 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (3, 1), (5, 5), (1, 900), (900, 1)])
def test_tiny_photos_have_no_points(shape):
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    found = extract(Photo(pixels, shape[1], shape[0]))
    assert len(found) == 0
    assert found.points.shape == (0, 2)
    assert found.descriptors.shape == (0, 128)
    assert (found.points.dtype, found.descriptors.dtype) == (np.float32, np.uint8)


def test_a_blank_photo_has_no_points():
    assert len(extract(Photo(np.full((480, 640, 3), 77, np.uint8), 640, 480))) == 0


def test_features_are_the_same_each_time_and_with_any_number_of_threads():
    photo, threads = texture(3, 640, 480), cv2.getNumThreads()
    first = extract(photo)
    assert cv2.getNumThreads() == threads
    try:
        for count in (1, 4):
            cv2.setNumThreads(count)
            again = extract(photo)
            assert np.array_equal(first.points, again.points)
            assert np.array_equal(first.descriptors, again.descriptors)
    finally:
        cv2.setNumThreads(threads)


def test_the_strongest_points_come_first_and_no_more_than_the_limit():
    photo = texture(4, 640, 480)
    noise = np.random.default_rng(0).integers(-30, 30, photo.pixels.shape)
    photo = Photo(np.clip(photo.pixels + noise, 0, 255).astype(np.uint8), 640, 480)
    found = extract(photo)
    assert len(found) == COUNT
    every = cv2.SIFT_create(enable_precise_upscale=True).detect(
        cv2.cvtColor(photo.pixels, cv2.COLOR_RGB2GRAY)
    )
    by_place = {tuple(np.float32(np.array(each.pt) + 0.5)): each.response for each in every}
    responses = [by_place[tuple(point)] for point in found.points]
    assert responses == sorted(responses, reverse=True)
    assert responses[-1] >= sorted((each.response for each in every), reverse=True)[COUNT]


def test_descriptors_are_square_roots_of_shares_in_steps():
    random = np.random.default_rng(0)
    rows = random.integers(0, 256, (20, 128)).astype(np.float32) * (random.random((20, 128)) < 0.5)
    rows[3] = 0
    rows[4] = np.eye(128)[7]  # a share of 1, more than a byte holds
    found = root_normalised(rows)
    for row, got in zip(rows.astype(float).tolist(), found.tolist(), strict=True):
        total = sum(row)
        want = [min(255, round(512 * (value / total) ** 0.5)) if total else 0 for value in row]
        assert got == want


def test_enough_is_the_size_of_the_view():
    assert enough(4000, 3000) == (SIDE, SIDE * 3 // 4)
    assert enough(3000, 4000) == (SIDE * 3 // 4, SIDE)
    assert enough(100, 50) == (100, 50)
    assert enough(100_000, 1) == (SIDE, 1)


def test_the_version_names_the_settings():
    assert f"-{SIDE}-{COUNT}-" in VERSION
