"""Several sentences joined: the dot product is the weighted mean of their similarities."""

import numpy as np
import pytest

from resight.describing import fitting as fitter
from resight.describing.describer import Describer
from resight.describing.weighting import fit, weighted
from resight.engines import load
from resight.gallery import snapshot_of
from resight.gallery.packing import packed, packed_length, unpacked
from resight.images import Photo
from resight.indexer import fits
from resight.progress import Silent
from resight.recipe import Backbone, Recipe
from resight.types import Box, Maps, Pooled, Prepared, Region
from support import small

pytestmark = pytest.mark.filterwarnings("ignore:.*random weights:UserWarning")
NETWORK = {"network": "timm:test_efficientnet", "weights": "random:2"}
LOW = {"backbone": NETWORK | {"layers": ["blocks.1"]}, "views": {"sizes": [64]}}
HIGH = {"backbone": NETWORK | {"layers": ["blocks.2"]}, "views": {"sizes": [64]}}
SMALL = {"backbone": NETWORK | {"layers": ["blocks.2"]}, "views": {"sizes": [48]}}
POINTS = {"backbone": {"network": "opencv:sift"}, "views": {"sizes": [64]}, "pooling": "gem"}


def photo(seed: int = 0) -> Photo:
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Photo(np.ascontiguousarray(np.kron(coarse, np.ones((8, 8, 1), np.uint8))), 64, 48)


def describer(*parts, engine=None) -> Describer:
    recipe = Recipe.parse({"name": "mine", "parts": list(parts)})
    return Describer(recipe, engine=engine or (lambda backbone: load(backbone, "torch")))


def alone(part) -> Describer:
    values = {key: value for key, value in part.items() if key != "weight"}
    return Describer(Recipe.parse({"name": "mine"} | values), engine=lambda backbone: load(backbone, "torch"))


def test_similarity_is_the_weighted_mean_of_those_of_the_parts():
    parts = [LOW | {"weight": 3}, HIGH, POINTS | {"weight": 0.5}]
    together = describer(*parts)
    photos = [photo(i) for i in range(5)]
    joined = np.concatenate([together(one).vectors for one in photos])
    np.testing.assert_allclose(np.linalg.norm(joined, axis=1), 1, atol=1e-6)
    wanted = 0
    for part, weight in zip(parts, (3, 1, 0.5), strict=True):
        own = np.concatenate([alone(part)(one).vectors for one in photos])
        wanted = wanted + weight / 4.5 * (own @ own.T)
    np.testing.assert_allclose(joined @ joined.T, wanted, atol=1e-5)


class Counting:
    """Engines that count how often they are made and run."""

    def __init__(self) -> None:
        self.made, self.runs = [], []

    def __call__(self, backbone: Backbone):
        self.made.append(backbone)
        engine = load(backbone, "torch")

        class Counted:
            weights, name = engine.weights, engine.name

            def __call__(own, pixels):
                self.runs.append(pixels.shape)
                return engine(pixels)

        return Counted()


def test_parts_share_engines_views_and_maps():
    counting = Counting()
    together = describer(LOW, HIGH, SMALL, HIGH | {"pooling": "gem"}, engine=counting)
    together(photo())
    assert [backbone.layers for backbone in counting.made] == [("blocks.1", "blocks.2")]
    assert sorted(shape[1:3] for shape in counting.runs) == [(36, 48), (48, 64)]


def test_a_part_that_saw_nothing_leaves_the_length_to_the_others():
    grey = Photo(np.full((48, 64, 3), 100, np.uint8), 64, 48)
    found = describer(HIGH, POINTS)(grey).vectors
    own = alone(HIGH)(grey).vectors
    np.testing.assert_allclose(found[:, : own.shape[1]], own, atol=1e-6)
    assert not found[:, own.shape[1] :].any()


def test_parts_that_keep_regions_keep_the_same_ones():
    keep = {"regions": "rmac-grid:levels=1,whole=true", "gather": "keep", "post": []}
    found = describer(HIGH | keep, POINTS | keep)(photo())
    assert len(found.vectors) == len(found.regions) == 3
    boxed = describer(HIGH | keep, POINTS | keep)(photo(), Box(8, 8, 40, 30))
    assert [region.box for region in boxed.regions] == [Box(8, 8, 40, 30)]


# Fitted together


def test_every_step_is_fitted_on_its_own_part_and_the_weights_last():
    white = {"each": ["l2", "pair-whitening:dims=4", "l2"]}
    vlad = {"pooling": "vlad:k=3", "post": ["pca-whitening:dims=4,ridge=0.1", "l2"]}
    together = describer(HIGH | white | {"weight": "fitted"}, POINTS | vlad | {"weight": "fitted"})
    assert [step.name for step in together.fitted_steps] == [
        "each.0.0.1", "part2.pooling.0.0.0", "part2.post.0.0.0", "weights.0.0.0",
    ]  # fmt: skip
    prepared = [together.prepare(photo(i), variants=2, seed=(i,)) for i in range(12)]
    found = fitter.fit(together, lambda: iter(prepared))
    assert found["weights.0.0.0"]["weights"].sum() == pytest.approx(1)
    fitted = together.with_parameters(found, "some")
    for part, (own, names) in enumerate(((HIGH | white, ("each.0.0.1",)), (POINTS | vlad, ()))):
        one = alone(own)
        kept = [Prepared((each.parts[part],), (), tuple(Prepared((v.parts[part],)) for v in each.variants))
                for each in prepared]  # fmt: skip
        by_itself = fitter.fit(one, lambda kept=kept: iter(kept))
        for name in names:
            np.testing.assert_array_equal(by_itself[name]["projection"], found[name]["projection"])
    joined = np.concatenate([fitted.finish(each).vectors for each in prepared])
    np.testing.assert_allclose(np.linalg.norm(joined, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(fitted(photo(3)).vectors, joined[3:4], atol=1e-6)


def test_only_parts_that_ask_for_views_are_described_in_them():
    white = {"each": ["l2", "pair-whitening:dims=4", "l2"]}
    together = describer(HIGH | white, POINTS)
    prepared = together.prepare(photo(), variants=3, seed=(1,))
    assert len(prepared.variants) == 3
    assert all(each.parts[0] and not each.parts[1] for each in prepared.variants)
    assert describer(HIGH, POINTS).prepare(photo(), variants=3).variants == ()


def test_a_fitted_weight_is_one_over_the_deviation_of_similarities():
    chance = np.random.default_rng(0)
    rows = [chance.normal(size=(40, 16)) + 1, chance.normal(size=(40, 64))]
    sample = [[part[i : i + 1].astype(np.float32) for part in rows] for i in range(40)]
    deviations = []
    for part in rows:
        unit = part / np.linalg.norm(part, axis=1, keepdims=True)
        pairs = [unit[i] @ unit[j] for i in range(40) for j in range(i)]
        deviations.append(np.std(pairs))
    wanted = np.array([1 / each for each in deviations])
    np.testing.assert_allclose(fit(sample, given=(None, None))["weights"], wanted / wanted.sum(), rtol=1e-4)
    mixed = fit(sample, given=(5.0, None))["weights"]
    np.testing.assert_allclose(mixed, np.array([5, wanted[1]]) / (5 + wanted[1]), rtol=1e-4)


def test_weights_of_a_photo_or_two_are_finite():
    for count in (1, 2):
        sample = [[np.ones((1, 3), np.float32), np.zeros((1, 3), np.float32)]] * count
        np.testing.assert_allclose(fit(sample, given=(None, None))["weights"], [0.5, 0.5])


def test_torch_joins_as_numpy_does():
    import torch

    chance = np.random.default_rng(0)
    parts = [chance.normal(size=(3, 4)).astype(np.float32), chance.normal(size=(3, 5)).astype(np.float32)]
    weights = {"weights": np.array([0.3, 0.7], np.float32)}
    given = {"weights": torch.from_numpy(weights["weights"])}
    theirs = weighted([torch.from_numpy(part) for part in parts], given)
    np.testing.assert_allclose(theirs.numpy(), weighted(parts, weights), atol=1e-6)


# Kept for the next fit


def test_what_is_kept_is_what_was_prepared_to_the_bit():
    chance = np.random.default_rng(0)
    polygon = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.9]])
    maps = Maps(
        chance.integers(0, 255, (1, 3, 1, 5), np.uint8),
        (polygon,),
        chance.random((5, 2), np.float32),
        1 / 512,
    )
    plain = Maps(chance.random((1, 2, 3, 4), np.float32), (polygon, polygon))
    variant = Prepared(((), ((Pooled(chance.random((2, 3), np.float32)),),)))
    whole = Prepared(
        (
            ((maps, plain),),
            ((Pooled(chance.random((2, 3), np.float32)),), (Pooled(np.ones((1, 3), np.float32)),)),
        ),
        (Region.of([(0, 0), (1, 0), (1, 1)]),),
        (variant, variant),
    )
    flat, shapes = packed(whole)
    assert len(flat) == packed_length(shapes)
    again = unpacked(np.concatenate([np.zeros(7, np.float32), flat[:, 0]]), 7, shapes)
    found = again.parts[0][0][0]
    assert found.cells.dtype == np.uint8
    np.testing.assert_array_equal(found.cells, maps.cells)
    np.testing.assert_array_equal(found.places, maps.places)
    np.testing.assert_array_equal(found.polygons[0], polygon)
    assert found.scale == maps.scale
    np.testing.assert_array_equal(again.parts[0][0][1].cells, plain.cells)
    assert again.parts[0][0][1].places is None
    np.testing.assert_array_equal(again.parts[1][1][0].rows, np.ones((1, 3)))
    assert again.regions == whole.regions
    assert again.variants[1].parts[0] == ()
    np.testing.assert_array_equal(again.variants[1].parts[1][0][0].rows, variant.parts[1][0][0].rows)


class Heard(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, line: str) -> None:
        self.said.append(line)


def test_an_index_says_how_many_views_it_looks_at_and_a_refit_needs_none(tmp_path):
    root, heard = tmp_path / "photos", Heard()
    small.album(root, 6)
    white = small.PLAIN | {"each": ["l2", "pair-whitening:dims=4", "l2"]}
    small.index(root, white, progress=heard)
    assert "The fit looks at 8 synthetic views of each of 6 photos, beside themselves." in heard.said
    with snapshot_of(root / ".resight") as gallery:
        kept = [prepared for _, prepared in gallery.fit_sample.prepared(gallery.fit_sample.images())]
    assert [len(each.variants) for each in kept] == [8] * 6
    seen = varied_by_hand(root, kept)
    np.testing.assert_allclose(kept[0].variants[1].parts[0][0][0].rows, seen, atol=1e-4)


def varied_by_hand(root, kept) -> np.ndarray:
    """What the second view of the first photo gives, by its content's seed."""
    import hashlib

    from resight.variations import varied

    describe = Describer(small.recipe(small.PLAIN), engine=lambda backbone: load(backbone, "openvino"))
    for path in sorted(root.glob("*/*.png")):
        photo = describe.read(path)
        own = describe.prepare(photo).parts[0][0][0].rows
        if np.allclose(own, kept[0].parts[0][0][0].rows, atol=1e-4):
            seed = tuple(hashlib.sha256(path.read_bytes()).digest())
            view = varied(photo.pixels, [*seed, 1])
            return describe.prepare(Photo(view, photo.width, photo.height)).parts[0][0][0].rows
    raise AssertionError("no photo is the first that is kept")


@pytest.mark.parametrize(("photos", "views"), [(1, 8), (99, 8), (100, 4), (500, 4), (700, 2), (2000, 1)])
def test_the_more_photos_the_fewer_views_of_each(photos, views):
    white = {"each": ["l2", "pair-whitening:dims=4", "l2"]}
    assert fits.variants(describer(HIGH | white), photos) == views
    assert fits.variants(describer(HIGH), photos) == 0
    assert photos < 100 or views * photos <= fits.VARIANTS
