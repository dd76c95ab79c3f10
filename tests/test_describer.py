"""A descriptor is what its recipe says, and depends on nothing but its photo."""

import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from resight import images
from resight.describing import fitting as fitter
from resight.describing.describer import Describer
from resight.engines import load
from resight.errors import NotFitted
from resight.images import Photo, resize
from resight.post.pca_whitening import fit as fit_whitening
from resight.recipe import Recipe
from resight.types import Box

RANDOM = pytest.mark.filterwarnings("ignore:.*random weights:UserWarning")
BACKBONE = {"network": "timm:test_efficientnet", "weights": "random:2", "layers": ["blocks.2"]}


class Patches:
    """An engine whose maps are worked out by hand: means over squares of 8 pixels, and of 4."""

    name, weights = "patches", "none"

    def __init__(self, *sides: int) -> None:
        self.sides = sides

    def __call__(self, pixels: np.ndarray) -> list[np.ndarray]:
        return [self.map(pixels, side) for side in self.sides]

    @staticmethod
    def map(pixels: np.ndarray, side: int) -> np.ndarray:
        count, height, width, _ = pixels.shape
        cut = pixels[:, : height // side * side, : width // side * side].astype(np.float32) / 255
        squares = cut.reshape(count, height // side, side, width // side, side, 3)
        return squares.mean((2, 4)).transpose(0, 3, 1, 2)


def describer(engine=None, **values) -> Describer:
    values = {"name": "mine", "backbone": BACKBONE, "views": {"sizes": [64]}} | values
    recipe = Recipe.parse(values)
    return Describer(recipe, engine=lambda backbone: engine or load(backbone, "torch"))


def photo(seed: int = 0, width: int = 64, height: int = 48) -> Photo:
    """A coloured slope with noise: its parts differ."""
    chance = np.random.default_rng(seed)
    slope = (
        np.linspace(0, 200, width)[None, :, None] * chance.random(3)
        + np.linspace(0, 50, height)[:, None, None]
    )
    return Photo(
        (slope + chance.integers(0, 56, (height, width, 3))).clip(0, 255).astype(np.uint8), width, height
    )


def unit(values: np.ndarray) -> np.ndarray:
    return values / np.sqrt((values.astype(np.float64) ** 2).sum(axis=-1, keepdims=True))


def close(one: np.ndarray, other: np.ndarray) -> None:
    assert one.dtype == np.float32
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


# The sentence


def test_one_region_and_one_layer():
    found = describer(Patches(8))(photo())
    pooled = Patches.map(photo().pixels[None], 8).max((2, 3))
    close(found.vectors, unit(pooled))
    assert found.regions is None


def test_regions_are_summed_after_their_steps():
    found = describer(Patches(8), regions="rmac-grid:levels=1,whole=true")(photo())
    features = Patches.map(photo().pixels[None], 8)[0]  # 6 x 8 cells: the whole, and two squares of 6
    parts = [features, features[:, :, :6], features[:, :, 2:]]
    close(found.vectors, unit(sum(unit(part.max((1, 2))) for part in parts))[None])


def test_regions_are_kept_with_their_place_in_the_original():
    grid = {"regions": "rmac-grid:levels=1,whole=true", "gather": "keep"}
    large = photo(width=128, height=96)  # the view is half as large
    found = describer(Patches(8), **grid)(large)
    features = Patches.map(resize(large.pixels, 64, 48)[None], 8)[0]
    parts = [features, features[:, :, :6], features[:, :, 2:]]
    close(found.vectors, np.stack([unit(part.max((1, 2))) for part in parts]))
    boxes = [region.box for region in found.regions]
    assert boxes == [Box(0, 0, 128, 96), Box(0, 0, 96, 96), Box(32, 0, 96, 96)]


def test_a_box_is_the_one_region_where_regions_are_kept():
    grid = {"regions": "rmac-grid:levels=1,whole=true", "gather": "keep"}
    found = describer(Patches(8), **grid)(photo(width=200, height=150), Box(40, 30, 128, 96))
    assert [region.box for region in found.regions] == [Box(40, 30, 128, 96)]
    assert len(found.vectors) == 1


def test_two_layers_are_joined_by_concatenation():
    found = describer(Patches(8, 4), backbone=BACKBONE | {"layers": ["blocks.1", "blocks.2"]}, post=[])(
        photo()
    )
    coarse, fine = (unit(Patches.map(photo().pixels[None], side).max((2, 3))) for side in (8, 4))
    close(found.vectors, np.concatenate([coarse, fine], axis=1))


def test_join_steps_come_after_the_join_of_each_view():
    two = {
        "backbone": BACKBONE | {"layers": ["blocks.1", "blocks.2"]},
        "each": [],
        "join": ["l2"],
        "post": [],
    }
    found = describer(Patches(8, 4), **two)(photo())
    joined = np.concatenate([Patches.map(photo().pixels[None], side).max((2, 3)) for side in (8, 4)], axis=1)
    close(found.vectors, unit(joined))


@pytest.mark.parametrize("combine", ["sum", "concat"])
def test_several_sizes_are_combined(combine):
    found = describer(Patches(8), views={"sizes": [64, 32, 128], "combine": combine})(photo())
    pixels = photo().pixels
    parts = []
    for width, height in ((64, 48), (32, 24), (128, 96)):
        parts.append(unit(Patches.map(resize(pixels, width, height)[None], 8).max((2, 3))))
    combined = sum(parts) if combine == "sum" else np.concatenate(parts, axis=1)
    close(found.vectors, unit(combined))


def test_a_box_is_described_as_the_photo_of_that_part():
    large, box = photo(width=96, height=80), Box(16, 8, 64, 48)
    part = Photo(np.ascontiguousarray(large.pixels[8:56, 16:80]), 64, 48)
    describe = describer(Patches(8))
    close(describe(large, box).vectors, describe(part).vectors)
    assert np.abs(describe(large).vectors - describe(part).vectors).max() > 0.001


# Its own photo, and nothing else


@RANDOM
def test_descriptors_are_of_unit_length_and_of_their_photo_alone():
    photos = [
        photo(i, *size)
        for i, size in enumerate([(64, 48), (48, 64), (1, 1), (200, 7), (64, 48), (33, 65)] * 4)
    ]
    describe = describer(regions="rmac-grid")
    alone = [describer(regions="rmac-grid")(one).vectors for one in photos[:6]]
    together = [describe(one).vectors for one in reversed(photos)][::-1]
    with ThreadPoolExecutor(4) as pool:
        threaded = [found.vectors for found in pool.map(describe, photos)]
    for one, other in zip(together, threaded, strict=True):
        np.testing.assert_allclose(other, one, atol=1e-6)
        assert np.linalg.norm(one, axis=1) == pytest.approx([1], abs=1e-6)
    for one, other in zip(alone, together, strict=False):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert np.abs(together[0] - together[1]).max() > 0.001


@RANDOM
def test_equal_descriptors_have_equal_fingerprints_and_only_those():
    describe = describer()
    assert describe(photo()).fingerprint == describe(photo(1)).fingerprint == describe.fingerprint
    assert describer(pooling="gem").fingerprint != describe.fingerprint
    assert describe.with_parameters({}, "another fit").fingerprint != describe.fingerprint
    other = describer(backbone=BACKBONE | {"weights": "random:3"})
    assert other.fingerprint != describe.fingerprint


# Fitting

TWO_FITS = {"each": ["l2", "pca-whitening:dims=3", "l2"], "post": ["pca-whitening:dims=2,ridge=0.1", "l2"]}


def test_a_recipe_with_fitted_steps_refuses_until_it_is_fitted():
    describe = describer(Patches(8), **TWO_FITS)
    assert [step.name for step in describe.fitted_steps] == ["each.0.0.1", "post.0.0.0"]
    with pytest.raises(NotFitted, match="The recipe 'mine' must be fitted on photos before it describes"):
        describe(photo())
    half = describe.with_parameters({"each.0.0.1": {}}, "half")
    with pytest.raises(NotFitted):
        half(photo())


def test_steps_are_fitted_in_order_each_on_what_the_ones_before_it_give():
    describe = describer(Patches(8), regions="rmac-grid:levels=2", **TWO_FITS)
    pooled = [describe.prepare(photo(i)) for i in range(30)]
    parameters = fitter.fit(describe, lambda: iter(pooled))
    assert list(parameters) == ["each.0.0.1", "post.0.0.0"]

    regions = [unit(one.parts[0][0][0].rows) for one in pooled]
    first = fit_whitening([rows.astype(np.float32) for rows in regions], dims=3)
    whitened = [unit((rows - first["mean"]) @ first["projection"]).sum(0, keepdims=True) for rows in regions]
    second = fit_whitening([rows.astype(np.float32) for rows in whitened], dims=2, ridge=0.1)
    np.testing.assert_allclose(
        parameters["each.0.0.1"]["projection"], first["projection"], rtol=1e-3, atol=1e-3
    )
    np.testing.assert_allclose(
        parameters["post.0.0.0"]["projection"], second["projection"], rtol=1e-3, atol=1e-3
    )

    fitted = describe.with_parameters(parameters, "fit")
    expected = unit((whitened[4] - second["mean"]) @ second["projection"])
    np.testing.assert_allclose(fitted(photo(4)).vectors, expected, atol=1e-3)
    np.testing.assert_array_equal(fitted.finish(pooled[4]).vectors, fitted(photo(4)).vectors)


def test_each_layer_has_fits_of_its_own():
    each = ["pca-whitening:dims=3,ridge=0.1", "l2", "pca-whitening:dims=2"]
    two = {"backbone": BACKBONE | {"layers": ["blocks.1", "blocks.2"]}, "each": each}
    describe = describer(Patches(8, 4), **two)
    pooled = [describe.prepare(photo(i)) for i in range(20)]
    parameters = fitter.fit(describe, lambda: iter(pooled))
    assert list(parameters) == ["each.0.0.0", "each.0.0.2", "each.0.1.0", "each.0.1.2"]
    for layer in (0, 1):
        first = fit_whitening([one.parts[0][0][layer].rows for one in pooled], dims=3, ridge=0.1)
        close(parameters[f"each.0.{layer}.0"]["mean"], first["mean"])
        middle = [unit((one.parts[0][0][layer].rows - first["mean"]) @ first["projection"]) for one in pooled]
        second = fit_whitening(middle, dims=2)["mean"]
        np.testing.assert_allclose(parameters[f"each.0.{layer}.2"]["mean"], second, atol=1e-4)
    assert np.abs(parameters["each.0.0.0"]["mean"] - parameters["each.0.1.0"]["mean"]).max() > 0.01


# Real photos


@pytest.mark.parametrize(
    ("name", "every"),
    [("rmac-whitened", 5), ("default", 8), pytest.param("rmac-whitened", 1, marks=pytest.mark.soak)],
)
def test_two_engines_give_the_same_descriptors_of_real_photos(test_data, name, every):
    recipe = Recipe.load(name)
    files = sorted((test_data / "scenes").glob("*/*.*g"))
    assert len(files) == 95
    files = files[::every]
    by_openvino, by_torch = (
        Describer(recipe, engine=lambda backbone, e=e: load(backbone, e)) for e in ("openvino", "torch")
    )
    assert by_openvino.networks.weights == by_torch.networks.weights
    photos = [images.read(path) for path in files]
    pooled = [by_openvino.prepare(one, variants=1) for one in photos]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parameters = fitter.fit(by_openvino, lambda: iter(pooled))
    ours, theirs = (each.with_parameters(parameters, "scenes") for each in (by_openvino, by_torch))
    cosines = [
        float((ours.finish(known).vectors * theirs(one).vectors).sum())
        for known, one in zip(pooled, photos, strict=True)
    ]
    assert min(cosines) >= 0.9999
    assert ours.fingerprint == theirs.fingerprint
