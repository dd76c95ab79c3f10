"""Photos turned by any angle: multiples of 90 move pixels, others weight them; nothing is cropped."""

import math

import numpy as np
import pytest
from PIL import Image

from resight import images
from resight.images import Photo
from resight.images.turning import before, rotated, rotated_size


@pytest.fixture
def photo() -> Photo:
    pixels = np.random.default_rng(0).integers(1, 256, (5, 8, 3), dtype=np.uint8)
    return Photo(pixels, 80, 50)


def slowly(pixels: np.ndarray, degrees: float) -> np.ndarray:
    """Each pixel of the turned photo is looked up where it was, between its four neighbours there."""
    height, width = pixels.shape[:2]
    across, down = rotated_size((width, height), degrees)
    angle, found = math.radians(degrees), np.zeros((down, across, 3))
    for y in range(down):
        for x in range(across):
            right, below = x - (across - 1) / 2, y - (down - 1) / 2
            column = math.cos(angle) * right + math.sin(angle) * below + (width - 1) / 2
            row = -math.sin(angle) * right + math.cos(angle) * below + (height - 1) / 2
            for j in (math.floor(row), math.floor(row) + 1):
                for i in (math.floor(column), math.floor(column) + 1):
                    if 0 <= j < height and 0 <= i < width:
                        found[y, x] += (1 - abs(row - j)) * (1 - abs(column - i)) * pixels[j, i]
    return found


@pytest.mark.parametrize(("degrees", "quarters"), [(90, -1), (180, 2), (270, 1), (-90, 1), (450, -1)])
def test_quarters_move_the_pixels_clockwise_as_they_are(photo, degrees, quarters):
    turned = rotated(photo, degrees)
    np.testing.assert_array_equal(turned.pixels, np.rot90(photo.pixels, quarters))
    assert (turned.width, turned.height) == ((80, 50) if degrees == 180 else (50, 80))
    assert turned.pixels.flags["C_CONTIGUOUS"]
    assert turned.pixels.flags["WRITEABLE"]


@pytest.mark.parametrize("degrees", [0, 360, -720])
def test_no_turn_is_the_same_photo(photo, degrees):
    assert rotated(photo, degrees) is photo


@pytest.mark.parametrize("degrees", [1, 30, 45, 137, 200.5, 359])
def test_any_angle_weights_neighbours_and_leaves_the_corners_black(degrees):
    smooth = np.random.default_rng(1).integers(0, 256, (3, 4, 3), dtype=np.uint8)
    pixels = np.asarray(Image.fromarray(smooth).resize((40, 25), Image.Resampling.BICUBIC))
    turned = rotated(Photo(pixels, 400, 250), degrees)
    wanted = slowly(pixels, degrees)
    assert turned.pixels.shape == wanted.shape
    # OpenCV counts in thirty-seconds of a pixel.
    assert np.abs(turned.pixels - wanted).max() <= 255 / 16
    assert np.abs(turned.pixels - wanted).mean() < 1
    assert (turned.width, turned.height) == rotated_size((400, 250), degrees)


@pytest.mark.parametrize("degrees", [10, 45, 60, 100])
def test_nothing_is_cropped(degrees):
    pixels = np.zeros((30, 50, 3), np.uint8)
    for corner in (pixels[:4, :4], pixels[:4, -4:], pixels[-4:, :4], pixels[-4:, -4:]):
        corner[:] = 240
    turned = rotated(Photo(pixels, 50, 30), degrees).pixels.astype(float)
    assert turned.sum() == pytest.approx(4 * 16 * 3 * 240, rel=0.05)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 2)])
def test_the_smallest_photos_turn(size):
    pixels = np.full((size[1], size[0], 3), 200, np.uint8)
    for degrees in (33, 90, 180):
        turned = rotated(Photo(pixels, *size), degrees)
        assert turned.pixels.shape[1::-1] == rotated_size(size, degrees)
        assert turned.pixels.max() > 50


@pytest.mark.parametrize("degrees", [20, 90, 180, 315])
def test_enough_before_a_turn_is_enough_after_it(degrees):
    def square(width: int, height: int) -> tuple[int, int]:
        return 100, 100

    def longest(width: int, height: int) -> tuple[int, int]:
        return round(width * 64 / max(width, height)), round(height * 64 / max(width, height))

    for enough in (square, longest):
        width, height = before(enough, degrees)(1000, 300)
        turned = rotated_size((1000, 300), degrees)
        wanted = enough(*turned)
        assert width / 1000 * turned[0] >= wanted[0] - 1e-6
        assert height / 300 * turned[1] >= wanted[1] - 1e-6
        assert (width, height) < (1000, 300)


def test_a_large_jpeg_is_read_with_few_pixels_and_turned(tmp_path):
    patches = np.random.default_rng(2).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(patches).resize((1600, 1200), Image.Resampling.BICUBIC).save(tmp_path / "a.jpg")
    asked = []

    def enough(width: int, height: int) -> tuple[int, int]:
        asked.append((width, height))
        return round(width / 5), round(height / 5)

    turned = images.read(tmp_path / "a.jpg", enough=enough, turn=90)
    assert asked == [(1200, 1600)]
    assert (turned.width, turned.height) == (1200, 1600)
    assert turned.pixels.shape == (400, 300, 3)
    upright = images.read(tmp_path / "a.jpg", enough=lambda width, height: (320, 240))
    np.testing.assert_array_equal(turned.pixels, np.rot90(upright.pixels, -1))
