"""Every shipped recipe, in miniature: indexed, fitted, searched, refitted, and described again the same."""

import dataclasses
import re

import numpy as np
import pytest

from resight import indexer, recipe
from resight.describing.describer import describer_like
from resight.errors import BadRecipe
from resight.gallery import Gallery, snapshot_of
from resight.progress import Silent
from resight.recipe import Backbone, Part, Recipe
from resight.searcher import Searcher
from resight.types import Box
from support import small

pytestmark = [
    pytest.mark.filterwarnings(small.RANDOM_WEIGHTS),
    pytest.mark.filterwarnings("ignore:PCA-whitening gives:UserWarning"),
]


def miniature(name: str) -> Recipe:
    """The recipe on a small network, with sizes an eighth and vocabularies of a few words."""
    return Recipe("mini", tuple(map(smaller, Recipe.load(name).parts)))


def smaller(part: Part) -> Part:
    backbone = part.backbone
    if backbone.layers:
        layers = ("layer3", "layer2", "layer1")[: len(backbone.layers)]
        backbone = Backbone(**small.NETWORK | {"layers": layers, "relu": backbone.relu})
    views = dataclasses.replace(part.views, sizes=tuple(size // 8 for size in part.views.sizes))
    pooling = re.sub(r"k=\d+", "k=4", part.pooling).replace("dims=128", "dims=8")
    return dataclasses.replace(part, backbone=backbone, views=views, pooling=pooling)


@pytest.mark.parametrize("name", recipe.names())
def test_a_recipe_runs_from_photos_to_hits(name, tmp_path):
    root, mini = tmp_path / "photos", miniature(name)
    photos = small.album(root, 9)
    report = indexer.index(root, recipe=mini, engine="openvino", workers=2)
    assert (report.described, report.failed) == (9, 0)
    small.album(root, 14)
    assert indexer.index(root, engine="openvino", workers=2).described == 5  # and fitted anew, having grown
    assert not small.damage(root / ".resight")
    with Gallery(root / ".resight") as opened, opened.snapshot() as gallery:
        searcher = Searcher(opened, "openvino")
        found = searcher.search(root / photos[3], k=14)
        assert len({hit.relative for hit in found}) == 14
        assert found[0].self
        described = describer_like(gallery, "openvino")
        again = described(described.read(root / photos[3]))
        first, count = gallery.rows.span(gallery.catalogue.image_of(photos[3]))
        np.testing.assert_allclose(again.vectors, gallery.vectors[first : first + count], atol=1e-3)
        part = searcher.search(root / photos[3], k=3, box=Box(8, 8, 40, 30))
        assert len(part) == 3
        kept = mini.keeps_regions
        assert all((hit.region is not None) == kept for hit in part)
        assert all((hit.query_region is not None) == kept for hit in part)


def test_a_fit_of_a_pooling_sends_no_photo_through_the_network_twice(tmp_path, monkeypatch):
    from resight.engines import openvino

    runs, real = [], openvino.OpenVino.__call__

    def counted(self, pixels):
        runs.append(pixels.shape)
        return real(self, pixels)

    root = tmp_path / "photos"
    small.album(root, 8)
    values = small.PLAIN | {"pooling": "vlad:k=3", "post": ["pca-whitening:dims=4,ridge=0.1", "l2"]}
    small.index(root, values)
    monkeypatch.setattr(openvino.OpenVino, "__call__", counted)
    small.album(root, 16)
    report = small.index(root)
    assert "16 photos" in report.fitted
    seen = [
        shape for shape in runs if shape[1:3] == (48, 64)
    ]  # others are blank: a first answer, and a measure
    assert len(seen) == 8


def test_the_sample_of_a_pooling_is_as_large_as_its_maps_allow(tmp_path, monkeypatch):
    from resight.indexer import fits

    root = tmp_path / "photos"
    small.album(root, 10)
    values = small.PLAIN | {"pooling": "netvlad:k=3"}
    with snapshot_of(small.index(root, values).gallery) as gallery:
        each = describer_like(gallery, "openvino").bytes_kept()
        assert (
            each
            == 4 * np.prod(next(gallery.fit_sample.prepared([1]))[1].parts[0][0][0].cells.shape) * 64 / 48
        )
    monkeypatch.setattr(fits, "KEPT_BYTES", 4 * each + 1)
    other = small.index(root, values, gallery=tmp_path / "other")
    assert "4 photos" in other.fitted
    with snapshot_of(other.gallery) as gallery:
        assert len(gallery.fit_sample.images()) == 4
        assert gallery.catalogue.count()["vectors"] == 10


def test_what_is_kept_does_not_grow_with_the_folder(tmp_path, monkeypatch):
    from resight.indexer import fits

    root = tmp_path / "photos"
    values = small.PLAIN | {"pooling": "netvlad:k=3"}
    small.album(root, 6)
    with snapshot_of(small.index(root, values).gallery) as gallery:
        each = gallery.catalogue.fact("photo_bytes")
    monkeypatch.setattr(fits, "KEPT_BYTES", 4 * each)
    sizes = []
    for count in (12, 30):
        small.album(root, count)
        small.index(root)
        assert "4 photos" in indexer.fit(root / ".resight", engine="openvino", workers=1)
        with snapshot_of(root / ".resight") as gallery:
            assert len(gallery.fit_sample.images()) == 4
        sizes.append(sum(path.stat().st_size for path in (root / ".resight").glob("kept-*.f32")))
        assert not small.damage(root / ".resight")
    assert sizes[0] == sizes[1] <= 4 * each


class Impatient(Silent):
    """Asks for an end in the middle of the first fit."""

    def __init__(self) -> None:
        self.now, self.steps = "", 0

    def start(self, what: str, total: int | None) -> None:
        self.now, self.steps = what, 0

    def step(self, failures: int = 0) -> None:
        self.steps += 1

    def stopping(self) -> bool:
        return self.now == "Fitting" and self.steps >= 3


def test_a_fit_that_is_stopped_leaves_the_photos_to_the_next_run(tmp_path):
    root = tmp_path / "photos"
    small.album(root, 8)
    stopped = small.index(root, small.PLAIN | {"pooling": "vlad:k=3"}, progress=Impatient())
    assert stopped.interrupted
    assert stopped.described == 8
    with snapshot_of(stopped.gallery) as gallery:
        assert gallery.generation is None
    again = small.index(root)
    assert (again.described, again.interrupted) == (0, False)
    assert "8 photos" in again.fitted
    assert not small.damage(stopped.gallery)


@pytest.mark.parametrize("gather", ["concat", "weighted-sum"])
@pytest.mark.parametrize(
    "changes",
    [
        {"regions": "rmac-grid", "views": {"sizes": [64]}},
        {"regions": "rmac-grid", "views": {"sizes": [64, 32], "resize": "square"}},
        {"regions": "salient", "views": {"sizes": [64], "resize": "square"}},
    ],
)
def test_regions_that_would_differ_in_number_are_refused(gather, changes):
    with pytest.raises(BadRecipe, match="needs as many regions in every photo"):
        small.recipe(small.PLAIN | changes | {"gather": gather})


def test_views_that_are_concatenated_are_fitted_on_their_own(tmp_path):
    root = tmp_path / "photos"
    small.album(root, 9)
    views = {"sizes": [64, 32], "combine": "concat", "resize": "square"}
    values = small.PLAIN | {"views": views, "pooling": "vlad:k=3"}
    with snapshot_of(small.index(root, values).gallery) as gallery:
        fitted = gallery.parameters()[0]
        assert list(fitted) == ["pooling.0.0.0", "pooling.1.0.0"]
        assert np.abs(fitted["pooling.0.0.0"]["centres"] - fitted["pooling.1.0.0"]["centres"]).max() > 1e-3
    summed = values | {"name": "summed", "views": views | {"combine": "sum"}}
    with snapshot_of(small.index(root, summed, gallery=tmp_path / "summed").gallery) as gallery:
        assert list(gallery.parameters()[0]) == ["pooling.0.0.0"]
