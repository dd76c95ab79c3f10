"""Synthetic views of a photo: seeded, pure, and still of what the photo shows."""

import warnings

import numpy as np
import pytest

from resight import methods
from resight.variations import VARIED, varied


def photo(height: int = 48, width: int = 64) -> np.ndarray:
    chance = np.random.default_rng(0)
    coarse = chance.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return np.ascontiguousarray(np.kron(coarse, np.ones((8, 8, 1), np.uint8))[:height, :width])


def changed(name: str, seed: int, pixels: np.ndarray, **settings: float) -> np.ndarray:
    text = name + ":" * bool(settings) + ",".join(f"{key}={value}" for key, value in settings.items())
    return methods.find("transforms", text)(pixels, np.random.default_rng(seed))


@pytest.mark.parametrize("name", methods.names("transforms"))
def test_each_transform_is_seeded_and_pure(name):
    pixels = photo()
    before = pixels.copy()
    found = [changed(name, seed, pixels) for seed in range(8)]
    np.testing.assert_array_equal(pixels, before)
    for seed, each in enumerate(found):
        assert each.shape == pixels.shape
        assert each.dtype == np.uint8
        np.testing.assert_array_equal(changed(name, seed, pixels), each)
    assert any((each != pixels).any() for each in found)
    assert len({each.tobytes() for each in found}) > 1


@pytest.mark.parametrize("name", methods.names("transforms"))
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (3, 2), (40, 7)])
def test_each_transform_takes_any_size(name, shape):
    pixels = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    for seed in range(4):
        assert changed(name, seed, pixels).shape == pixels.shape


def test_levels_are_what_their_formulas_say():
    pixels = photo()
    np.testing.assert_array_equal(
        changed("brightness", 0, pixels, least=0.5, most=0.5), np.rint(pixels * 0.5)
    )
    np.testing.assert_array_equal(changed("gamma", 0, pixels, spread=0), pixels)
    np.testing.assert_array_equal(changed("channels", 0, pixels, spread=0), pixels)
    np.testing.assert_array_equal(changed("contrast", 0, pixels, least=1, most=1), pixels)
    flat = changed("contrast", 0, pixels, least=0, most=0)
    assert np.unique(flat) == [round(float(pixels.mean()))]
    grey = changed("saturation", 0, pixels, least=0, most=0, share=1)
    assert (grey == grey[:, :, :1]).all()


def test_shares_are_of_photos():
    pixels = photo()
    for name in ("saturation", "blur", "jpeg"):
        assert (changed(name, 3, pixels, share=0) == pixels).all()
        assert (changed(name, 3, pixels, share=1) != pixels).any()
        touched = sum(bool((changed(name, seed, pixels) != pixels).any()) for seed in range(200))
        assert 60 <= touched <= 120


def test_a_warp_of_nothing_leaves_the_photo_and_a_crop_enlarges_it():
    pixels = photo()
    still = {"turn": 0, "corners": 0, "aspect": 0}
    np.testing.assert_array_equal(changed("warp", 0, pixels, crop=1, **still), pixels)
    flat = np.zeros((40, 40, 3), np.uint8)
    flat[10:30, 10:30] = 255
    generator = np.random.default_rng(5)
    for _ in range(10):
        larger = methods.find("transforms", "warp:turn=0,corners=0,aspect=0,crop=0.55")(flat, generator)
        assert (larger > 128).mean() >= 0.2  # a quarter, or more of it where a crop does not leave it out


def test_views_depend_on_their_seed_alone():
    pixels = photo()
    found = [varied(pixels, (7, 9, number)) for number in range(4)]
    assert len({each.tobytes() for each in found}) == 4
    for number, each in enumerate(found):
        np.testing.assert_array_equal(varied(pixels, (7, 9, number)), each)
    assert (varied(pixels, (8, 9, 0)) != found[0]).any()
    np.testing.assert_array_equal(varied(pixels, (1,), ()), pixels)


def test_every_transform_is_in_the_views():
    assert sorted(VARIED) == methods.names("transforms")


def test_views_of_a_photo_stay_nearer_to_it_than_other_photos(test_data):
    from resight.describing.describer import Describer
    from resight.images import Photo
    from resight.recipe import Recipe

    describe = Describer(Recipe.load("rmac-lite0"))
    files = sorted((test_data / "scenes").glob("*/*.*g"))[::12]
    photos = [describe.read(path) for path in files]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        own = np.concatenate([describe(one).vectors for one in photos])
        views = [varied(one.pixels, (i,)) for i, one in enumerate(photos)]
        seen = np.concatenate([describe(Photo(each, one.width, one.height)).vectors
                               for each, one in zip(views, photos, strict=True)])  # fmt: skip
    similar = seen @ own.T
    assert (similar.argmax(axis=1) == np.arange(len(own))).mean() >= 0.8
