"""The operations of policies: what they do at ten magnitudes, and the way back to where a pixel came from."""

import itertools

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from resight import methods
from resight.errors import BadSetting

NAMES = methods.names("operations")
EVERY = list(itertools.product(NAMES, range(1, 11)))
STILL = np.eye(2, 3)


def done(name, pixels, magnitude, settings=""):
    return methods.find("operations", f"{name}:magnitude={magnitude}{settings}")(pixels)


def photo(height=48, width=64):
    coarse = np.random.default_rng(0).integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    return np.kron(coarse, np.ones((8, 8, 1), np.uint8))


# What it promises


@pytest.mark.parametrize("name", NAMES)
def test_each_gives_a_photo_and_a_way_back_and_changes_nothing_that_came_in(name):
    pixels = photo()
    before = pixels.copy()
    for magnitude in range(1, 11):
        found, back = done(name, pixels, magnitude)
        again, _ = done(name, pixels, magnitude)
        assert (found.dtype, found.ndim, found.shape[2]) == (np.uint8, 3, 3)
        assert (back.dtype, back.shape) == (np.float64, (2, 3))
        assert np.linalg.det(back[:, :2]) != 0
        np.testing.assert_array_equal(found, again)
        if "SIDE" not in vars(methods.module("operations", name)):
            assert found.shape == pixels.shape
    np.testing.assert_array_equal(pixels, before)


@pytest.mark.parametrize(("name", "magnitude"), EVERY)
def test_a_dot_is_where_the_way_back_says(name, magnitude):
    """Wherever the dot of the original is still seen, the way back leads to it."""
    height, width = 120, 160
    for across, down in [(80, 60), (60, 45), (104, 72), (30, 90)]:
        pixels = np.full((height, width, 3), 128, np.uint8)
        pixels[down - 4 : down + 4, across - 4 : across + 4] = (255, 60, 128)
        found, back = done(name, pixels, magnitude, ",fill=128" if moves(name) else "")
        background = np.median(found.reshape(-1, 3), axis=0)
        weight = np.abs(found.astype(float) - background).sum(axis=2)
        seen = weight > 0.5 * weight.max()
        if not weight.max() > 30 or touches_border(seen):
            continue
        rows, columns = np.nonzero(seen)
        shares = np.array([(columns.mean() + 0.5) / found.shape[1], (rows.mean() + 0.5) / found.shape[0]])
        place = (back[:, :2] @ shares + back[:, 2]) * [width, height]
        assert place == pytest.approx([across, down], abs=1.6), (across, down)


def moves(name):
    return "fill" in methods.find("operations", f"{name}:magnitude=1").settings


def touches_border(seen):
    return seen[0].any() or seen[-1].any() or seen[:, 0].any() or seen[:, -1].any()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (40, 7)])
def test_each_takes_any_size(name, shape):
    pixels = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    for magnitude in (1, 10):
        assert min(done(name, pixels, magnitude)[0].shape) > 0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("magnitude", ["0", "11", "-1", "2.5", "x"])
def test_a_magnitude_is_a_whole_number_from_1_to_10(name, magnitude):
    with pytest.raises(BadSetting, match="magnitude"):
        done(name, photo(), magnitude)


def test_there_are_the_sixteen_operations_of_the_paper():
    assert NAMES == [
        "auto-contrast", "brightness", "color", "contrast", "equalize", "horizontal-flip", "invert",
        "posterize", "resize", "rotate", "sharpness", "shear-x", "shear-y", "solarize", "translate-x",
        "translate-y",
    ]  # fmt: skip


# What single ones do


def test_resize_runs_from_64_to_352_pixels():
    sides = [done("resize", photo(), magnitude)[0].shape for magnitude in range(1, 11)]
    assert sides == [(side, side, 3) for side in range(64, 353, 32)]


def test_solarize_3_inverts_from_57():
    grey = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    found, _ = done("solarize", grey, 3)
    np.testing.assert_array_equal(found[0, :, 0], [v if v < 56.9 else 255 - v for v in range(256)])
    np.testing.assert_array_equal(done("solarize", grey, 1)[0], 255 - grey)
    np.testing.assert_array_equal(done("solarize", grey, 10)[0], grey)


def test_posterize_keeps_4_to_8_bits():
    grey = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    levels = [len(np.unique(done("posterize", grey, magnitude)[0])) for magnitude in range(1, 11)]
    assert levels == [2**bits for bits in (4, 4, 5, 5, 6, 6, 7, 7, 8, 8)]


def test_brightness_1_is_a_tenth_of_the_light():
    expected = ImageEnhance.Brightness(Image.fromarray(photo())).enhance(0.1)
    np.testing.assert_array_equal(done("brightness", photo(), 1)[0], expected)


def test_translate_1_moves_the_photo_by_150_of_331_of_its_side():
    pixels = photo(64, 64)
    found, back = done("translate-x", pixels, 1, ",fill=7,resample=nearest")
    np.testing.assert_array_equal(found[:, 29:], pixels[:, :35])
    assert (found[:, :28] == 7).all()
    np.testing.assert_allclose(back, [[1, 0, -150 / 331], [0, 1, 0]])


def test_rotate_10_is_upside_down_and_a_quarter_turn_against_the_clock_is_one():
    pixels = photo(64, 64)
    found, back = done("rotate", pixels, 10)
    np.testing.assert_array_equal(found, pixels[::-1, ::-1])
    np.testing.assert_allclose(back, [[-1, 0, 1], [0, -1, 1]], atol=1e-12)
    quarter, _ = done("rotate", pixels, 10, ",most=90")
    np.testing.assert_array_equal(quarter, np.rot90(pixels))


def test_shear_1_leaves_the_upper_left_corner():
    _, back = done("shear-x", photo(64, 64), 1)
    np.testing.assert_allclose(back, [[1, -0.3, 0], [0, 1, 0]])


def test_a_flip_and_what_looks_at_colours_alone_are_what_they_say():
    pixels = photo()
    found, back = done("horizontal-flip", pixels, 4)
    np.testing.assert_array_equal(found, pixels[:, ::-1])
    np.testing.assert_array_equal(back, [[-1, 0, 1], [0, 1, 0]])
    for name in NAMES:
        if not moves(name) and name != "horizontal-flip":
            np.testing.assert_array_equal(done(name, pixels, 5)[1], STILL)


def test_settings_that_are_none_are_refused():
    with pytest.raises(BadSetting, match="'fill' is a grey level"):
        done("rotate", photo(), 2, ",fill=300")
    with pytest.raises(BadSetting, match="'resample' is one of nearest, bilinear, bicubic, not 'cubic'"):
        done("rotate", photo(), 2, ",resample=cubic")
