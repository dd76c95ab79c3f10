"""Synthetic views of a photo: seeded, pure, and still of what the photo shows."""

import warnings

import numpy as np
import pytest

from resight import methods
from resight.trainer.plan import VIEWS
from resight.variations import VARIED, varied

NAMES = methods.names("transforms")


def photo(height: int = 48, width: int = 64) -> np.ndarray:
    chance = np.random.default_rng(0)
    coarse = chance.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return np.ascontiguousarray(np.kron(coarse, np.ones((8, 8, 1), np.uint8))[:height, :width])


def other(height: int = 30, width: int = 20) -> np.ndarray:
    """Another photo, of another shape."""
    return np.random.default_rng(99).integers(0, 256, (height, width, 3), dtype=np.uint8)


def changed(name: str, seed: int, pixels: np.ndarray, another=other, **settings: float) -> np.ndarray:
    text = name + ":" * bool(settings) + ",".join(f"{key}={value}" for key, value in settings.items())
    method = methods.find("transforms", text)
    more = [another] if "another" in method.needs else []
    return method(pixels, np.random.default_rng(seed), *more)


@pytest.mark.parametrize("name", NAMES)
def test_each_transform_is_seeded_and_pure(name):
    pixels = photo()
    before = pixels.copy()
    found = [changed(name, seed, pixels) for seed in range(16)]
    np.testing.assert_array_equal(pixels, before)
    for seed, each in enumerate(found):
        assert each.shape == pixels.shape
        assert each.dtype == np.uint8
        np.testing.assert_array_equal(changed(name, seed, pixels), each)
    assert any((each != pixels).any() for each in found)
    assert len({each.tobytes() for each in found}) > 1


@pytest.mark.parametrize("name", NAMES)
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


def test_levels_in_a_row_are_looked_up_at_once_and_are_the_same():
    pixels = photo()
    for text in (
        "gamma brightness",
        "gamma channels brightness channels",
        "brightness contrast channels blur",
    ):
        generator, one_by_one = np.random.default_rng([7]), pixels
        for name in text.split():
            one_by_one = methods.find("transforms", name)(one_by_one, generator)
        np.testing.assert_array_equal(varied(pixels, (7,), text.split()), one_by_one)


def test_shares_are_of_photos():
    pixels = photo()
    shared = [name for name in NAMES if "share" in methods.find("transforms", name).settings]
    assert len(shared) >= 7
    for name in shared:
        assert (changed(name, 3, pixels, share=0) == pixels).all()
        assert (changed(name, 3, pixels, share=1) != pixels).any()
        touched = sum(bool((changed(name, seed, pixels) != pixels).any()) for seed in range(200))
        share = methods.find("transforms", name).settings["share"]
        assert abs(touched - 200 * share) <= 4 * (200 * share * (1 - share)) ** 0.5, name


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


def test_clutter_is_the_photo_shrunk_anywhere_on_another():
    pixels, black = photo(40, 60), np.zeros((30, 30, 3), np.uint8)
    pixels = np.maximum(pixels, 1)
    places = set()
    for seed in range(30):
        found = changed("clutter", seed, pixels, lambda: black, least=0.5, most=0.5, share=1)
        rows, columns = np.flatnonzero(found.any((1, 2))), np.flatnonzero(found.any((0, 2)))
        assert (len(rows), len(columns)) == (20, 30)
        assert (np.diff(rows) == 1).all()
        assert (np.diff(columns) == 1).all()
        small = pixels.reshape(20, 2, 30, 2, 3).mean((1, 3))
        assert np.abs(found[rows[0] :, columns[0] :][:20, :30] - small).max() <= 0.5
        places.add((rows[0], columns[0]))
    assert len({top for top, _ in places}) > 10
    assert len({left for _, left in places}) > 10


def test_clutter_stretches_the_other_photo_and_asks_for_it_only_where_it_is_shown():
    pixels, white = np.zeros((40, 60, 3), np.uint8), np.full((7, 5, 3), 255, np.uint8)
    asked = []

    def another():
        asked.append(1)
        return white

    for seed in range(60):
        before = len(asked)
        found = changed("clutter", seed, pixels, another, least=0.4, most=0.6)
        assert len(asked) - before == found.any()
        assert 0.5 < found.mean() / 255 < 0.9 or not found.any()
    assert 5 < len(asked) < 40
    assert (white == 255).all()


def test_glare_draws_towards_white_as_a_gaussian_does():
    pixels = photo(20, 30)
    for seed in range(5):
        replay = np.random.default_rng(seed)
        replay.random()
        (down, across), (tall, wide) = replay.uniform(0, 1, 2), replay.uniform(0.1, 0.4, 2)
        strength = replay.uniform(0.5, 1)
        expected = np.empty(pixels.shape)
        for row, column, channel in np.ndindex(pixels.shape):
            away = ((row + 0.5) / 20 - down) ** 2 / tall**2 + ((column + 0.5) / 30 - across) ** 2 / wide**2
            light = strength * np.exp(-away / 2)
            expected[row, column, channel] = (1 - light) * pixels[row, column, channel] + light * 255
        found = changed("glare", seed, pixels, least=0.1, most=0.4, share=1)
        assert np.abs(found - expected).max() <= 0.51
    white = np.full((9, 9, 3), 255, np.uint8)
    np.testing.assert_array_equal(changed("glare", 0, white, share=1), white)


def test_shrinking_loses_detail_and_nothing_else():
    fine = np.indices((48, 64)).sum(0) % 2 * 255
    fine = np.repeat(fine[:, :, None], 3, axis=2).astype(np.uint8)
    for seed in range(10):
        found = changed("shrink", seed, fine, least=0.4, share=1)
        assert abs(float(found.mean()) - 127.5) < 3
    halved = methods.find("transforms", "shrink:least=0.4,share=1")(fine, Replayed([0.0, 0.5]))
    assert halved.std() < 2  # each pixel of the small photo is the mean of as many white ones as black
    plain = np.full((13, 17, 3), 88, np.uint8)
    np.testing.assert_array_equal(changed("shrink", 1, plain, share=1), plain)
    np.testing.assert_array_equal(changed("shrink", 1, fine, least=1, share=1), fine)


class Replayed:
    """A generator whose draws are handed in."""

    def __init__(self, draws):
        self.draws = list(draws)

    def random(self):
        return self.draws.pop(0)

    def uniform(self, low, high):
        return self.draws.pop(0)


@pytest.mark.parametrize("shape", [(33, 33), (33, 47), (47, 33)])
def test_a_turn_is_about_the_middle_by_the_angle_that_was_drawn(shape):
    height, width = shape
    turn = methods.find("transforms", "turn:share=1")
    rows, columns = np.indices(shape)
    y, x = (height - 1) / 2 - rows, columns - (width - 1) / 2  # y upwards
    for angle in (0, 30, 90, 137, 250):
        a = np.deg2rad(angle)
        where = {0: (10, 0), 1: (0, 7)}
        for px, py in where.values():
            spot = np.exp(-((x - px) ** 2 + (y - py) ** 2) / 8)
            pixels = np.repeat(np.rint(255 * spot)[:, :, None], 3, axis=2).astype(np.uint8)
            found = turn(pixels, Replayed([0.0, angle]))[:, :, 0].astype(float)
            inside = np.hypot(x, y) < 15
            mass = (found * inside).sum()
            middle = (found * inside * x).sum() / mass, (found * inside * y).sum() / mass
            expected = px * np.cos(a) - py * np.sin(a), px * np.sin(a) + py * np.cos(a)
            assert np.allclose(middle, expected, atol=0.35), angle
    plain = np.full((*shape, 3), 200, np.uint8)
    np.testing.assert_array_equal(turn(plain, Replayed([0.0, 45.0])), plain)  # no black corners
    drawn = np.random.default_rng(0)
    assert len({turn(other(), drawn).tobytes() for _ in range(20)}) == 20


def test_views_that_need_another_photo_get_the_one_that_is_handed_in():
    pixels, wanted = photo(), ("brightness:least=1,most=1", "clutter:share=1,least=0.5,most=0.5")
    asked = []

    def another():
        asked.append(1)
        return other()

    found = varied(pixels, (1, 2), wanted, another)
    assert asked == [1]
    np.testing.assert_array_equal(varied(pixels, (1, 2), wanted, another=other), found)
    alone = varied(pixels, (1, 2), wanted)
    assert (alone != found).any()
    np.testing.assert_array_equal(varied(pixels, (1, 2), wanted, lambda: pixels), alone)
    np.testing.assert_array_equal(varied(pixels, (3,), VARIED, other), varied(pixels, (3,)))


def test_another_photo_is_by_default_the_one_that_was_handed_in_and_not_its_view():
    pixels = np.full((20, 20, 3), 100, np.uint8)
    found = varied(pixels, (1,), ("brightness:least=2,most=2", "clutter:share=1,least=0.5,most=0.5"))
    values, counts = np.unique(found, return_counts=True)
    assert values.tolist() == [100, 200]
    assert counts.tolist() == [900, 300]


def test_views_depend_on_their_seed_alone():
    pixels = photo()
    found = [varied(pixels, (7, 9, number)) for number in range(4)]
    assert len({each.tobytes() for each in found}) == 4
    for number, each in enumerate(found):
        np.testing.assert_array_equal(varied(pixels, (7, 9, number)), each)
    assert (varied(pixels, (8, 9, 0)) != found[0]).any()
    np.testing.assert_array_equal(varied(pixels, (1,), ()), pixels)


def test_every_transform_is_in_the_views_of_training_and_those_of_a_fit_are_some_of_them():
    """A fit measures how pictures of one thing differ: what hides the thing is not in it."""
    assert sorted([*VIEWS, "operate"]) == NAMES  # which a plan asks for by name
    assert [name for name in VIEWS if name in VARIED] == list(VARIED)
    assert set(VIEWS) - set(VARIED) == {"clutter", "glare", "shrink", "turn"}


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
