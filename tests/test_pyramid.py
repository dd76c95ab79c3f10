"""A pyramid of grids: its cells, and that a query is held against them as a whole."""

import numpy as np
import pytest
from PIL import Image

from resight import areas, methods
from resight.datasets import open_dataset
from resight.errors import BadSetting
from resight.evaluator import Study
from resight.gallery import Gallery, snapshot_of
from resight.metrics import average_precision, ranks_of
from resight.recipe import Recipe
from resight.regions.pyramid import pyramid
from resight.searcher import Searcher
from resight.searcher.collection import Collection
from resight.searcher.describers import Describers
from resight.searcher.query import of_stored
from resight.types import Box
from support import small

pytestmark = pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)

PYRAMID = small.KEEP | {"name": "pyramid", "regions": "pyramid:levels=3"}


def cells(height: int, width: int, levels: int = 4) -> list[np.ndarray]:
    return pyramid(np.zeros((8, 8, 3), np.uint8), np.zeros((height, width), np.float32), levels=levels)


# Its cells


def test_cells_come_grid_by_grid_and_row_by_row():
    corners = [np.concatenate([each.min(0), each.max(0)]).tolist() for each in cells(6, 6, 3)]
    third = 1 / 3
    assert corners[:5] == [
        [0, 0, 1, 1], [0, 0, 0.5, 0.5], [0.5, 0, 1, 0.5], [0, 0.5, 0.5, 1], [0.5, 0.5, 1, 1],
    ]  # fmt: skip
    assert corners[5:8] == [[0, 0, third, third], [third, 0, 2 / 3, third], [2 / 3, 0, 1, third]]
    assert corners[8][:2] == [0, third]
    assert corners[-1] == [2 / 3, 2 / 3, 1, 1]
    np.testing.assert_array_equal(cells(6, 6)[0], areas.WHOLE)


@pytest.mark.parametrize(("levels", "count"), [(1, 1), (2, 5), (3, 14), (4, 30), (5, 55)])
def test_counts(levels, count):
    assert len(cells(15, 20, levels)) == len(cells(5, 5, levels)) == count


@pytest.mark.parametrize(("height", "width"), [(4, 4), (7, 5), (15, 20), (20, 15), (8, 31), (37, 37)])
def test_the_cells_of_each_grid_cover_the_photo_and_do_not_overlap(height, width):
    found = areas.masks(cells(height, width), height, width)
    first = 0
    for level in range(1, 5):
        grid = found[first : first + level * level]
        assert (grid.sum(0) == 1).all()
        polygons = cells(height, width)[first : first + level * level]
        sizes = np.array([each.max(0) - each.min(0) for each in polygons])
        np.testing.assert_allclose(sizes, 1 / level)
        assert sizes.prod(1).sum() == pytest.approx(1)
        first += level * level
    assert first == len(found)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 9), (2, 2), (3, 2), (2, 20)])
def test_on_a_small_map_cells_without_a_centre_are_left_out_and_the_rest_still_cover_it(height, width):
    found = cells(height, width)
    masks = areas.masks(found, height, width)
    assert masks.any(axis=(1, 2)).all()
    assert len(found) < 30
    assert masks.sum() == 4 * height * width  # each of four grids once


def test_no_level_is_an_error():
    with pytest.raises(BadSetting, match="'pyramid' takes 1 or more for 'levels', not 0"):
        cells(5, 5, 0)


# A query is the whole photo


@pytest.fixture(scope="module")
def album(tmp_path_factory):
    """Nine photos in a gallery that keeps the cells of three grids."""
    root = tmp_path_factory.mktemp("album") / "photos"
    small.album(root, 9)
    small.index(root, PYRAMID)
    return root


def test_a_query_of_the_gallery_is_the_first_of_its_rows(album):
    with snapshot_of(album / ".resight") as snapshot:
        photos = Collection(snapshot)
        for image in {image for _, image, _ in snapshot.catalogue.files()}:
            rows, query = snapshot.rows.of(image), of_stored(photos, snapshot.catalogue.image(image))
            assert rows.count == len(rows.regions) > 5
            np.testing.assert_array_equal(query.vectors, snapshot.vectors[rows.first : rows.first + 1])
            assert query.regions == rows.regions[:1]
            assert query.regions[0].box == Box(0, 0, 64, 48)


@pytest.mark.parametrize("kind", ["a photo", "a copy", "a new file", "a descriptor", "a box"])
def test_scores_are_the_maximum_over_the_cells_of_the_query_s_one_row(album, tmp_path, kind):
    """By all rows of the gallery, compared with one row of the query."""
    box = Box(4, 6, 40, 30) if kind == "a box" else None
    path = album / "a" / "004.png" if kind == "a photo" else tmp_path / "query.png"
    if kind != "a photo":
        with Image.open(album / "a" / "004.png") as stored:
            stored.copy().save(path) if kind == "a copy" else stored.crop((3, 3, 60, 45)).save(path)
    with Gallery(album / ".resight") as gallery, gallery.snapshot() as snapshot:
        describer = Describers("openvino").make_like(snapshot)
        descriptor = describer(describer.read(path), box)
        assert len(descriptor.vectors) == (1 if box else 14)
        found = Searcher(gallery, "openvino").search(
            descriptor if kind == "a descriptor" else path, 9, box
        )  # fmt: skip
        for hit in found:
            rows = snapshot.rows.of(snapshot.catalogue.file(hit.relative).image)
            own = snapshot.vectors[rows.first : rows.first + rows.count] @ descriptor.vectors[0]
            if not hit.self:
                assert hit.score == pytest.approx(own.max(), abs=2e-4)
                assert own[rows.regions.index(hit.region)] == pytest.approx(own.max(), abs=2e-4)
            if hit.query_region is not None:
                assert hit.query_region.box == (box or Box(0, 0, *describer.read(path).pixels.shape[1::-1]))
        assert len({hit.relative for hit in found}) == 9


def test_other_ways_to_keep_regions_ask_by_all_of_them():
    assert small.recipe(small.KEEP).asking == slice(None)
    assert small.recipe(PYRAMID).asking == slice(1)
    assert small.recipe(PYRAMID | {"gather": "sum"}).asking == slice(None)  # a photo has one row
    assert Recipe.load("patchify-lite0").asking == slice(1)
    assert [name for name in methods.names("regions") if methods.find("regions", name).query_whole] == [
        "pyramid"
    ]


def test_an_evaluation_asks_by_the_whole_photo_and_so_does_the_figure_of_dimensions(tmp_path):
    lines = ["path,instance"]
    for i in range(8):
        small.draw(tmp_path / f"{i}.png", i)
        lines.append(f"{i}.png,{i % 3}")
    (tmp_path / "groundtruth.csv").write_text("\n".join(lines) + "\n")
    study = Study(open_dataset(str(tmp_path)), [small.recipe(PYRAMID)], {"engine": "openvino", "workers": 1})
    rows = study.descriptors(study.recipes[0])
    precisions = {}
    for asked in (1, None):
        found = []
        for question in study.data.questions:
            others = np.array([i for i in range(8) if i != question.photo])
            scores = [(rows[i] @ rows[question.photo][:asked].T).max() for i in others]
            ranking = others[np.argsort(-np.array(scores), kind="stable")]
            positive = np.setdiff1d(question.truths[""].positive, [question.photo])
            found.append(average_precision(ranks_of(ranking, positive, np.empty(0, np.int64)), len(positive)))
        precisions[asked] = np.mean(found)
    assert precisions[1] != precisions[None]  # so that it matters
    assert study.evaluation(study.recipes[0]).means["map"] == pytest.approx(precisions[1], abs=1e-6)
    figure = methods.find("figures", f"dimensions:dims={rows[0].shape[1]}")(study)
    assert figure.axes[0].lines[0].get_ydata().tolist() == [pytest.approx(precisions[1], abs=1e-6)]
