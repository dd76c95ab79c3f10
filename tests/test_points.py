"""Points are a backbone: a map of one row, whose cells have places of their own."""

import cv2
import numpy as np
import pytest
from PIL import Image

from resight import engines, indexer, methods
from resight.describing.describer import Describer
from resight.describing.sentence import Sentence
from resight.errors import BadSetting
from resight.feature_maps import FeatureMap, look
from resight.gallery import Gallery, snapshot_of
from resight.images import Photo
from resight.poolings import vlad as vlads
from resight.recipe import Backbone, Recipe
from resight.searcher import Searcher
from resight.types import Box, Maps
from support import small

SIFT = Backbone("opencv:sift:count=200")
WHOLE = [np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float)]
LEFT = [np.array([[0, 0], [0.5, 0], [0.5, 1], [0, 1]], float)]


def textured(seed: int = 0, width: int = 160, height: int = 120, blobs: int = 120) -> np.ndarray:
    """Blobs of many sizes on grey."""
    chance, pixels = np.random.default_rng(seed), np.full((height, width, 3), 128, np.uint8)
    for _ in range(blobs):
        centre = (int(chance.integers(width)), int(chance.integers(height)))
        colour = tuple(int(value) for value in chance.integers(0, 256, 3))
        cv2.circle(pixels, centre, int(chance.integers(2, 9)), colour, -1)
    return pixels


def recipe(**values) -> Recipe:
    points = {"network": "opencv:sift:count=200"}
    return Recipe.parse({"name": "points", "backbone": points, "views": {"sizes": [160]}} | values)


def describe(recipe: Recipe, pixels: np.ndarray, box=None, parameters=None) -> np.ndarray:
    photo = Photo(pixels, pixels.shape[1], pixels.shape[0])
    return Describer(recipe, parameters, "some")(photo, box).vectors


# The map


@pytest.mark.parametrize(("kind", "width"), [("sift", 128), ("orb", 256)])
def test_points_are_a_map_of_one_row_with_places(kind, width):
    engine = engines.load(Backbone(f"opencv:{kind}:count=50"))
    pixels = textured(width=320, height=240, blobs=400)[None]
    (found,) = look(engine, pixels)
    count = found.cells.shape[3]
    assert 40 <= count <= 50  # ORB may find fewer than it is asked for
    assert found.cells.shape == (1, width, 1, count)
    assert found.places.shape == (count, 2)
    assert found.places.min() >= 0
    assert found.places.max() <= 1
    (values,) = engine(pixels)
    np.testing.assert_array_equal(values, found.values())
    lengths = np.linalg.norm(values[0, :, 0], axis=0)
    np.testing.assert_allclose(lengths, 1 if kind == "sift" else 16, atol=0.02)
    if kind == "orb":
        assert set(np.unique(values)) == {-1, 1}


def test_sift_is_what_opencv_finds_root_normalised():
    grey = cv2.cvtColor(textured(), cv2.COLOR_RGB2GRAY)
    places, cells = methods.find("points", "sift:count=10000")(grey)
    found, descriptors = cv2.SIFT_create(enable_precise_upscale=True).detectAndCompute(grey, None)
    order = np.argsort([-each.response for each in found], kind="stable")
    assert len(places) == len(found)
    responses = np.array([found[i].response for i in order])
    clear = np.flatnonzero(np.diff(responses, prepend=np.inf, append=-np.inf)[:-1] != 0)[:20]
    for i in clear:
        if (responses == responses[i]).sum() == 1:  # equals come in an order of their own
            root = np.sqrt(descriptors[order[i]] / descriptors[order[i]].sum())
            np.testing.assert_allclose(cells[i] / 512, root, atol=1 / 1024 + 1e-6)
            np.testing.assert_allclose(places[i], np.array(found[order[i]].pt) + 0.5, atol=1e-5)


def test_a_later_octave_finds_larger_points_at_the_same_places():
    pixels = np.full((120, 160, 3), 128, np.uint8)
    cv2.circle(pixels, (100, 40), 10, (255, 255, 255), -1)
    for octave in (-1, 0, 1):
        (found,) = look(engines.load(Backbone(f"opencv:sift:first_octave={octave}")), pixels[None])
        nearest = np.abs(found.places * (160, 120) - (100.5, 40.5)).max(axis=1).min()
        assert nearest < 1.5, octave


def test_the_strongest_are_taken():
    grey = cv2.cvtColor(textured(), cv2.COLOR_RGB2GRAY)
    many, few = (methods.find("points", f"sift:count={count}")(grey)[1] for count in (100, 20))
    np.testing.assert_array_equal(many[:20], few)


@pytest.mark.parametrize(
    "text", ["sift:count=0", "orb:count=0", "sift:first_octave=-2", "orb:first_octave=-1"]
)
def test_settings_that_find_nothing_are_refused(text):
    with pytest.raises(BadSetting):
        methods.find("points", text)(cv2.cvtColor(textured(), cv2.COLOR_RGB2GRAY))


def test_points_lie_in_regions_by_their_places():
    places = np.array([[0.1, 0.5], [0.9, 0.5], [0.49, 0.99]], np.float32)
    found = FeatureMap(np.ones((1, 4, 1, 3), np.float32), places)
    np.testing.assert_array_equal(found.masks(LEFT + WHOLE)[:, 0], [[1, 0, 1], [1, 1, 1]])


def test_saliency_of_points_is_where_they_are():
    places = np.array([[0.1, 0.1], [0.1, 0.1], [0.9, 0.9]], np.float32)
    alpha = FeatureMap(np.ones((1, 4, 1, 3), np.float32), places).saliency(160, 160)
    assert alpha.shape == (10, 10)
    assert np.linalg.norm(alpha) == pytest.approx(1)
    assert alpha[1, 1] == pytest.approx(2 * alpha[9, 9])
    assert np.count_nonzero(alpha) == 2


# Descriptors


def test_vlad_of_points_is_the_sum_of_what_they_differ_by_from_their_words():
    made = recipe(pooling="vlad:k=4", post=[])
    engine = engines.load(SIFT)
    maps = [look(engine, textured(i)[None])[0] for i in range(6)]
    parameters = vlads.fit(((each.values(), each.masks(WHOLE)) for each in maps), k=4)
    sentence = Sentence(made.first)
    prepared = sentence.prepare([[Maps(maps[0].cells, tuple(WHOLE), maps[0].places, maps[0].scale)]])
    found = sentence.finish(prepared, {"pooling.0.0.0": parameters})[0, 0]

    centres = parameters["centres"].astype(np.float64)
    sums = np.zeros_like(centres)
    for column in maps[0].values()[0, :, 0].T.astype(np.float64):
        column = column / np.linalg.norm(column)
        word = ((centres - column) ** 2).sum(axis=1).argmin()
        sums[word] += column - centres[word]
    sums /= np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    slow = sums.ravel() / np.linalg.norm(sums)
    np.testing.assert_allclose(found, slow, atol=2e-5)


@pytest.mark.parametrize("pooling", ["mac", "gem", "spoc", "second-order:dims=8", "netvlad:k=3", "vlad:k=3"])
@pytest.mark.parametrize("regions", ["whole", "rmac-grid", "salient"])
def test_poolings_and_regions_work_on_points_as_on_convolutions(tmp_path, pooling, regions):
    made = recipe(pooling=pooling, regions=regions, gather="keep" if regions != "whole" else "sum")
    root = tmp_path / "photos"
    small.album(root, 6)
    report = indexer.index(root, recipe=made, workers=2)
    assert (report.described, report.failed) == (6, 0)
    with snapshot_of(root / ".resight") as gallery:
        vectors = np.array(gallery.vectors)
        lengths = np.linalg.norm(vectors, axis=1)
        assert np.isfinite(vectors).all()
        assert ((np.abs(lengths - 1) < 1e-5) | (lengths == 0)).all()


@pytest.mark.parametrize(
    "values",
    [
        {"pooling": "mac"},
        {"pooling": "vlad:k=3"},
        {"pooling": "vlad:k=3", "post": ["pca-whitening:dims=4,ridge=0.1", "l2"]},
        {"pooling": "gem", "each": ["l2", "pca-whitening:dims=4,ridge=0.1", "l2"], "regions": "rmac-grid"},
    ],
)
def test_a_photo_without_a_point_is_zeros_and_matches_nothing(tmp_path, values):
    root = tmp_path / "photos"
    small.album(root, 6)
    Image.fromarray(np.full((48, 64, 3), 200, np.uint8)).save(root / "blank.png")
    indexer.index(root, recipe=recipe(**values), workers=1)
    with Gallery(root / ".resight") as opened, opened.snapshot() as gallery:
        (first, count) = gallery.rows.span(gallery.catalogue.image_of("blank.png"))
        assert count == 1
        assert not np.array(gallery.vectors[first]).any()
        hits = Searcher(opened).search(root / "blank.png", k=9)
        assert {hit.score for hit in hits if not hit.self} == {0.0}
    assert not small.damage(root / ".resight")


def test_a_box_has_the_points_inside_alone():
    pixels = textured()
    pixels[:, :60] = 128  # nothing on the left
    made = recipe(pooling="mac", post=["l2"])
    assert not describe(made, pixels, Box(0, 0, 50, 120)).any()
    assert describe(made, pixels, Box(70, 0, 90, 120)).any()


def test_a_photo_has_the_same_points_from_any_thread():
    from concurrent.futures import ThreadPoolExecutor

    engine, photos = engines.load(SIFT), [textured(i) for i in range(8)] * 4
    alone = [engine(photo[None])[0] for photo in photos]
    with ThreadPoolExecutor(4) as pool:
        for one, other in zip(alone, pool.map(lambda photo: engine(photo[None])[0], photos), strict=True):
            np.testing.assert_array_equal(one, other)
