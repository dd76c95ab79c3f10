"""Policies: photos seen through operations, described as one, found again, and drawn in the right place."""

import logging
import warnings

import numpy as np
import pytest
from PIL import Image

import resight
from resight import methods
from resight.describing.describer import Describer
from resight.describing.fitting import fit
from resight.errors import BadRecipe, BadSetting, UnknownMethod
from resight.images import Photo
from resight.parts import Views
from resight.policy import Policy, names, operation, side, variants
from resight.recipe import Recipe
from resight.types import Box
from resight.views import cost, enough, views
from support import small

EIGHT = Policy.load("tursun2020").operations
TURNS = ("rotate:magnitude=10", "horizontal-flip", "shear-x:magnitude=3", "resize:magnitude=2")
FITTED = small.FITTED | {"views": {"sizes": [64], "policy": list(TURNS)}}
KEEP = small.KEEP | {"views": {"sizes": [64], "resize": "square", "policy": list(TURNS)}}


class Means:
    """An engine whose maps are means over squares of 8 pixels; counts the batches that it is given."""

    name, weights, device, only = "means", "none", "nowhere", 0

    def __init__(self, batch: int = 1) -> None:
        self.batch, self.given = batch, []

    def __call__(self, pixels):
        self.given.append(pixels.shape)
        count, height, width, _ = pixels.shape
        cut = pixels[:, : height // 8 * 8, : width // 8 * 8].astype(np.float32) / 255
        return [
            cut.reshape(count, height // 8, 8, width // 8, 8, 3).mean((2, 4)).transpose(0, 3, 1, 2) + 0.01
        ]


def describer(values, engine=None):
    engine = engine or Means()
    return Describer(Recipe.parse(values), engine=lambda backbone: engine)


def photo(seed=0, width=128, height=96):
    coarse = np.random.default_rng(seed).integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    return Photo(np.kron(coarse, np.ones((8, 8, 1), np.uint8)), width, height)


def without_policy(values, policy=()):
    return values | {"name": "other", "views": values["views"] | {"policy": list(policy)}}


# As data


def test_there_are_124_distinct_variants():
    assert len(variants()) == len(set(variants())) == 12 * 10 + 4
    assert {text.partition(":")[0] for text in variants()} == set(methods.names("operations"))
    found = variants(("rotate:fill=255",))
    assert "rotate:magnitude=3,fill=255" in found
    assert len(found) == 124
    with pytest.raises(UnknownMethod, match="No operation called 'turn'"):
        variants(("turn:fill=2",))


def test_the_published_policy_is_the_one_that_the_paper_prints():
    assert names() == ["logos", "tursun2020"]
    said = [(operation(text).name, operation(text).settings["magnitude"]) for text in EIGHT]
    assert said == [
        ("translate-x", 1), ("brightness", 1), ("shear-x", 1), ("rotate", 10), ("translate-y", 1),
        ("resize", 1), ("equalize", 1), ("solarize", 3),
    ]  # fmt: skip


def test_a_recipe_names_a_policy_or_its_file_and_holds_its_operations(tmp_path):
    shipped = Recipe.parse(small.PLAIN | {"views": {"sizes": [64], "policy": "tursun2020"}})
    assert shipped.first.views.policy == EIGHT
    path = tmp_path / "mine.toml"
    path.write_text('operations = ["invert", "rotate:magnitude=3"]\n[found]\nreward = -0.2\n')
    own = Recipe.parse(small.PLAIN | {"views": {"sizes": [64], "policy": str(path)}})
    assert own.first.views.policy == ("invert", "rotate:magnitude=3")
    assert Policy.load(str(path)).found == {"reward": -0.2}
    assert Recipe.parse(own.as_dict()) == own
    assert "rotate:fill=0,least=-180.0,magnitude=3" in own.sentence()["views"]["policy"][1]


def test_a_recipe_without_a_policy_says_nothing_of_it():
    plain = Recipe.parse(small.PLAIN)
    assert "policy" not in plain.as_dict()["views"]
    assert "policy" not in plain.sentence()["views"]


@pytest.mark.parametrize(
    ("policy", "error", "message"),
    [
        ("tursun", UnknownMethod, "No policy called 'tursun'. Did you mean tursun2020"),
        ("none.toml", BadRecipe, "none.toml cannot be read"),
        (["turn:magnitude=1"], UnknownMethod, "No operation called 'turn'"),
        (["rotate"], BadSetting, "needs its setting 'magnitude'"),
        (["rotate:magnitude=11"], BadRecipe, "'rotate:magnitude=11': a magnitude is a whole number"),
        (3, BadRecipe, "'policy' is a list, not 3"),
    ],
)
def test_a_policy_that_is_none_is_told_what_is_wrong(policy, error, message):
    with pytest.raises(error, match=message):
        Recipe.parse(small.PLAIN | {"views": {"policy": policy}})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("operations = []", "between 1 and 1000 operations"),
        ("operations = 'invert'", "operations is a list of texts"),
        ("operation = ['invert']", "A policy has no setting 'operation'. Known: name, operations, found."),
        ("operations = ['invert'", "cannot be read"),
    ],
)
def test_a_file_that_is_no_policy_is_told_what_is_wrong(tmp_path, text, message):
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(BadRecipe, match=message):
        Policy.load(str(tmp_path / "mine.toml"))


# Views


def test_each_operation_makes_a_view_of_each_size_with_its_own_way_back():
    wanted = Views("square", (64, 32), policy=("rotate:magnitude=10", "resize:magnitude=1", "invert"))
    found = list(views(photo(), wanted))
    assert wanted.count == len(found) == 6
    assert [view.pixels.shape[0] for view in found] == [64, 32, 64, 64, 64, 32]
    corner = np.zeros((1, 2))
    assert found[0].to_original(corner)[0] == pytest.approx([128, 96])
    assert found[4].to_original(corner)[0] == pytest.approx([0, 0])
    (boxed, *_) = views(photo(), wanted, Box(10, 20, 40, 30))
    assert boxed.to_original(corner)[0] == pytest.approx([50, 50])


def test_resize_is_given_the_photo_and_not_its_view():
    wanted = Views("square", (16,), policy=("resize:magnitude=10",))
    assert enough(4000, 3000, [wanted]) == (352, 352)
    assert side("resize:magnitude=1,most=100") == 100
    (view,) = views(photo(), wanted)
    fine = photo()
    (coarse,) = views(Photo(next(views(fine, Views("square", (16,)))).pixels, 128, 96), wanted)
    assert (view.pixels != coarse.pixels).any()


def test_the_cost_is_told_before_it_is_paid():
    assert cost(Views("square", (224,), policy=EIGHT)) == pytest.approx(7 + (64 / 224) ** 2)
    assert describer(small.PLAIN).cost == ""
    told = describer(small.PLAIN | {"views": {"sizes": [224], "resize": "square", "policy": list(EIGHT)}})
    assert "through 8 operations: 8 views, 7.1 times the pixels" in told.cost


# Descriptors


def fitted(values):
    describe = describer(without_policy(values))
    prepared = [describe.prepare(photo(i)) for i in range(20)]
    return fit(describe, lambda: iter(prepared)), describe


@pytest.mark.filterwarnings("ignore")
def test_a_policy_sums_the_whole_descriptors_of_its_operations():
    """Equations 1 and 2, with a whitening in `post`, two sizes that are joined, and an operation twice."""
    twice = [*TURNS, "horizontal-flip"]
    values = FITTED | {
        "views": {"sizes": [64, 48], "combine": "concat", "policy": twice},
        "post": ["pca-whitening:dims=3,ridge=0.1", "l2"], "each": ["l2"],
    }  # fmt: skip
    parameters, _ = fitted(values)
    own = [
        describer(without_policy(values, [each])).with_parameters(parameters, "p")(photo(30)).vectors
        for each in twice
    ]
    expected = sum(own)
    found = describer(values).with_parameters(parameters, "p")(photo(30)).vectors
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), atol=1e-6)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("post", ["pca-whitening:dims=2,ridge=0.1", "pair-whitening:dims=2"])
def test_a_fit_looks_at_photos_without_the_policy(post):
    values = FITTED | {"each": ["l2", post, "l2"]}
    fits = []
    for own in (values, without_policy(values)):
        describe = describer(own)
        prepared = [describe.prepare(photo(i), variants=2, seed=(i,)) for i in range(20)]
        fits.append(fit(describe, lambda kept=prepared: iter(kept)))
    for name, expected in fits[1].items():
        for key, value in expected.items():
            np.testing.assert_allclose(fits[0][name][key], value, atol=1e-6)


def test_a_query_is_not_seen_without_the_policy():
    engine = Means()
    describer(FITTED, engine).prepare(photo(), variants=None)
    assert len(engine.given) == len(TURNS)
    describer(FITTED, engine).prepare(photo())
    assert len(engine.given) == 2 * len(TURNS) + 1


@pytest.mark.parametrize("batch", [1, 2, 3, 7, 100])
def test_views_of_one_size_share_a_batch_where_the_engine_takes_several(batch):
    values = small.PLAIN | {"views": {"sizes": [64], "resize": "square", "policy": list(EIGHT)}}
    engine, alone = Means(batch), describer(values)
    describe = describer(values, engine)
    photos = [photo(i) for i in range(3)]
    found = describe.describe_all([describe.look(one, variants=None) for one in photos])()
    for one, each in zip(photos, found, strict=True):
        np.testing.assert_allclose(each.vectors, alone(one).vectors, atol=1e-6)
    assert max(shape[0] for shape in engine.given) <= batch
    if batch == 100:
        assert sorted(shape[0] for shape in engine.given) == [24]  # resize:magnitude=1 gives 64 pixels, too


# Regions


def test_a_region_of_a_turned_view_is_where_its_pixels_are():
    """A white square in the photo: the regions with the brightest vectors all lie on it."""
    pixels = np.zeros((96, 96, 3), np.uint8)
    pixels[8:40, 56:88] = 255
    values = KEEP | {"regions": "rmac-grid:levels=2,whole=false", "pooling": "spoc", "each": []}
    found = describer(values)(Photo(pixels, 96, 96))
    assert len(found.vectors) == len(found.regions) == 4 * 5
    light = found.vectors[:, 0].reshape(4, 5)
    for view, row in enumerate(light):
        brightest = found.regions[5 * view + 1 + row[1:].argmax()]
        across, down = np.mean(brightest.polygon, axis=0)
        assert 48 <= across <= 96, TURNS[view]
        assert 0 <= down <= 48, TURNS[view]
    np.testing.assert_allclose(found.regions[1].polygon[0], [96, 96], atol=1e-6)  # upside down


def test_a_box_whose_regions_are_kept_is_one_region_of_each_view():
    found = describer(KEEP)(photo(), Box(8, 8, 64, 48))
    assert len(found.vectors) == len(TURNS)
    for number in (0, 1, 3):
        assert found.regions[number].box == Box(8, 8, 64, 48)


def test_parts_that_keep_their_regions_take_one_policy():
    parts = [
        {key: value for key, value in each.items() if key != "name"} for each in (KEEP, without_policy(KEEP))
    ]
    with pytest.raises(BadRecipe, match="take one policy"):
        Recipe.parse({"name": "two", "parts": parts})


# In a gallery


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("values", [FITTED, KEEP], ids=["fitted", "keep"])
def test_photos_are_indexed_and_found_through_a_policy(tmp_path, values, caplog):
    for i in range(8):
        small.draw(tmp_path / "photos" / f"{i}.png", i)
    recipe = Recipe.parse(values)
    report = resight.index(tmp_path / "photos", recipe=recipe, engine="torch")
    assert (report.described, report.failed) == (8, 0)
    upside_down = tmp_path / "query.png"
    Image.open(tmp_path / "photos" / "3.png").transpose(Image.Transpose.ROTATE_180).save(upside_down)
    with caplog.at_level(logging.INFO, "resight"):
        hits = resight.search(upside_down, tmp_path / "photos")
    assert hits[0].relative == "3.png"
    assert "4 operations: 4 views" in caplog.text
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        again = resight.index(tmp_path / "photos", engine="torch")
    assert again.described == 0


@pytest.mark.filterwarnings("ignore")
def test_a_gallery_of_a_policy_is_fitted_as_one_without(tmp_path):
    from resight.gallery import snapshot_of

    for i in range(8):
        small.draw(tmp_path / "photos" / f"{i}.png", i)
    found = []
    for number, values in enumerate((FITTED, without_policy(FITTED))):
        gallery = tmp_path / f"gallery{number}"
        resight.index(tmp_path / "photos", gallery, recipe=Recipe.parse(values), engine="torch")
        with snapshot_of(gallery) as opened:
            found.append(opened.parameters()[0])
    for name, expected in found[1].items():
        np.testing.assert_allclose(found[0][name]["mean"], expected["mean"], atol=1e-6)


# In training's views


def test_operations_are_drawn_as_a_transform():
    pixels = photo().pixels
    found = methods.find("transforms", "operate:among=horizontal-flip,share=1")(
        pixels, np.random.default_rng(0)
    )
    np.testing.assert_array_equal(found, pixels[:, ::-1])
    small_one = methods.find("transforms", "operate:among=resize,share=1")(pixels, np.random.default_rng(0))
    assert small_one.shape == pixels.shape
    with pytest.raises(UnknownMethod, match="No operation called 'turn'"):
        methods.find("transforms", "operate:among=turn")(pixels, np.random.default_rng(0))
