"""What a search recognises, how often it opens a query, what lies under a name, and what is shown."""

import hashlib
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from threadpoolctl import threadpool_info, threadpool_limits

from resight import images, processors
from resight.describing.describer import Describer
from resight.errors import BadQuery
from resight.gallery import Gallery, snapshot_of
from resight.images import reading
from resight.ranking import Query, Ranked
from resight.searcher import Searcher
from resight.searcher.hits import Asked, hits
from resight.searcher.recognise import QueryFile, recognise
from resight.searcher.under import compile_under
from resight.stores import _mapped
from resight.types import Box
from support import small

pytestmark = pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)


@pytest.fixture(scope="module")
def album(tmp_path_factory) -> Path:
    """Twelve photos, one of them twice, in a gallery that keeps regions and local features."""
    root = tmp_path_factory.mktemp("album") / "photos"
    small.album(root, 12)
    (root / "c").mkdir()
    shutil.copy(root / "a" / "000.png", root / "c" / "copy.png")
    small.index(root, small.KEEP, local_features=True)
    return root


@pytest.fixture
def opened(monkeypatch) -> list[Path]:
    """The files whose bytes are read from now on."""
    read: list[Path] = []
    content = reading.content

    def watched(path: os.PathLike[str] | str) -> bytes:
        read.append(Path(path))
        return content(path)

    monkeypatch.setattr(reading, "content", watched)
    monkeypatch.setattr(images, "content", watched)
    return read


# recognise


def test_an_indexed_file_is_recognised_by_its_path_and_not_opened(album, opened):
    with snapshot_of(album / ".resight") as snapshot:
        for spelling in (album / "a" / "000.png", album / "b" / ".." / "a" / "000.png"):
            known = recognise(snapshot, QueryFile(spelling.resolve()))
            assert known.relative == "a/000.png"
            assert known.image.files == ("a/000.png", "c/copy.png")
    assert opened == []


def test_a_copy_elsewhere_is_recognised_by_its_bytes(album, tmp_path, opened):
    copy = Path(shutil.copy(album / "a" / "000.png", tmp_path / "elsewhere.png"))
    with snapshot_of(album / ".resight") as snapshot:
        known = recognise(snapshot, QueryFile(copy))
        assert (known.relative, known.image.files) == (None, ("a/000.png", "c/copy.png"))
        assert recognise(snapshot, QueryFile(copy), by_content=False) is None
        assert recognise(snapshot, QueryFile(small.draw(tmp_path / "new.png", 77))) is None
    assert opened.count(copy) == 1


def test_a_file_that_changed_is_not_recognised_by_its_path(album, tmp_path):
    root = tmp_path / "photos"
    shutil.copytree(album, root)
    small.draw(root / "a" / "002.png", 555)
    with snapshot_of(root / ".resight") as snapshot:
        assert recognise(snapshot, QueryFile(root / "a" / "002.png")) is None
        with pytest.raises(BadQuery, match="cannot be read: No such file"):
            recognise(snapshot, QueryFile(root / "none.png"))
        with pytest.raises(BadQuery, match="not a file, but a folder"):
            recognise(snapshot, QueryFile(tmp_path))


def test_the_row_of_a_recognised_file_is_read_once(album, monkeypatch):
    connections = small.watch_connections(monkeypatch)
    with Gallery(album / ".resight") as gallery:
        searcher, asked = Searcher(gallery), []
        connections[0].set_trace_callback(asked.append)
        assert searcher.search(album / "a" / "002.png", 3)[0].self
    assert sum("FROM files WHERE relative" in question for question in asked) == 1


# query


@pytest.mark.parametrize("name", ["new.png", "new.jpg"])
@pytest.mark.parametrize("box", [None, Box(5, 5, 900, 600)])
def test_a_new_photo_is_opened_once_whatever_is_asked_of_it(album, tmp_path, opened, name, box):
    query = small.draw(tmp_path / name, 99, (1200, 900))
    with Gallery(album / ".resight") as gallery:
        found = Searcher(gallery, "openvino").search(query, 5, box, rerank=["geometry:top=6"])
    assert len(found) == 5
    assert opened.count(query) == 1


@pytest.mark.parametrize("box", [None, Box(200, 100, 700, 500)])
def test_local_features_of_a_query_are_those_of_its_file(album, tmp_path, box):
    from resight import local_features
    from resight.searcher.describers import Describers
    from resight.searcher.query import describe

    query = tmp_path / "new.jpg"
    pixels = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    Image.fromarray(pixels).resize((2400, 1800), Image.Resampling.BICUBIC).save(query)
    with snapshot_of(album / ".resight") as snapshot:
        made = describe(QueryFile(query), Describers("openvino").make_like(snapshot), box, 90, 10**8)
    expected = local_features.read_and_extract(query, 90, 10**8, box)
    assert len(made.features()) == len(expected) > 10
    np.testing.assert_array_equal(made.features().points, expected.points)
    np.testing.assert_array_equal(made.features().descriptors, expected.descriptors)
    corners = (
        [(200, 100), (900, 100), (900, 600), (200, 600)]
        if box
        else [(0, 0), (1800, 0), (1800, 2400), (0, 2400)]
    )
    assert {*made.area().polygon} == {*corners}


def matrix_threads() -> set[int]:
    return {each["num_threads"] for each in threadpool_info() if "numpy" in each["filepath"]}


def limit_matrix_threads(count: int) -> int:
    """How many they were; by a thread that ends, for one that lives on would keep others from theirs."""
    (before,) = matrix_threads()
    with ThreadPoolExecutor(1) as other:
        other.submit(threadpool_limits, count, "blas").result()
    return before


@pytest.mark.parametrize("large", [False, True])
def test_a_query_is_described_and_a_small_gallery_searched_by_one_matrix_thread(
    album, tmp_path, monkeypatch, large
):
    seen: dict[str, set[int]] = {}

    def watch(module: Any, name: str) -> None:
        whole = getattr(module, name)

        def watched(*arguments: Any, **more: Any) -> Any:
            seen[name] = matrix_threads()
            return whole(*arguments, **more)

        monkeypatch.setattr(module, name, watched)

    watch(Describer, "finish")
    watch(_mapped, "exact")
    if large:
        monkeypatch.setattr(processors, "SMALL_PRODUCT", 10)
    query = small.draw(tmp_path / "new.png", 99)
    before = limit_matrix_threads(2)
    with Gallery(album / ".resight") as gallery:
        Searcher(gallery, "openvino").search(query, 5)
    assert limit_matrix_threads(before) == 2
    assert seen == {"finish": {1}, "exact": {2 if large else 1}}


# under


def test_what_names_a_folder_is_no_glob():
    files = ["2019 [Rome]/a.jpg", "2019 R/b.jpg", "x/y/c.jpg", "cafe\u0301/d.jpg"]

    def found(named: str) -> list[str]:
        under = compile_under(named, files)
        return [file for file in files if under.matches(file)]

    assert found("2019 [Rome]") == found("./2019 [Rome]/") == files[:1]
    assert found("2019 [R]") == files[1:2]
    assert found("2019*") == files[:2]
    assert found("x") == found("x/y") == found("*/y") == found("x/y/c.jpg") == files[2:3]
    assert found("caf\u00e9") == files[3:]
    assert found(".") == files
    assert found("x/y/z") == found("y") == []


def test_only_what_lies_under_the_name_is_found(album):
    with Gallery(album / ".resight") as gallery:
        searcher = Searcher(gallery)
        everything = [hit.relative for hit in searcher.search(album / "a" / "000.png", 100)]
        for named in ("b", "*/00[1-5].png", "c"):
            under = compile_under(named, everything)
            found = [hit.relative for hit in searcher.search(album / "a" / "000.png", 100, under=named)]
            assert found == [name for name in everything if under.matches(name)]
        with pytest.raises(BadQuery, match="No indexed photo lies under 'nowhere'"):
            searcher.search(album / "a" / "000.png", under="nowhere")


# hits


def test_every_file_of_an_image_has_the_pair_of_regions_that_is_nearest(album):
    with snapshot_of(album / ".resight") as snapshot:
        image = snapshot.catalogue.image_of("a/000.png")
        rows = snapshot.rows.of(image)
        vectors = np.array(snapshot.vectors[rows.first :][: rows.count])
        regions = tuple(small.square(i) for i in range(2))
        query = Query(vectors[[3, 1]], None, None, regions)
        ranked = Ranked(np.array([image]), np.array([1], np.float32))
        found = list(hits(snapshot, Asked("q", query), ranked, None))
        assert [hit.relative for hit in found] == ["a/000.png", "c/copy.png"]
        for hit in found:
            products = vectors @ query.vectors.T
            row, column = (int(place[0]) for place in np.nonzero(products == products.max()))
            assert (hit.region, hit.query_region) == (rows.regions[row], regions[column])


# show


def test_show_gives_a_value_whose_nearest_are_other_photos(album):
    with Gallery(album / ".resight") as gallery, gallery.snapshot() as snapshot:
        shown = Searcher(gallery).show(album / "c" / "copy.png", 4)
        assert shown.image.files == ("a/000.png", "c/copy.png")
        assert shown.image.sha256 == hashlib.sha256((album / "a" / "000.png").read_bytes()).digest()
        assert shown.rows == snapshot.rows.of(shown.image.id)
        ranking = Searcher(gallery).search(album / "c" / "copy.png", 6)
        assert [hit.relative for hit in ranking[:2]] == ["c/copy.png", "a/000.png"]
        assert [hit.relative for hit in shown.nearest] == [hit.relative for hit in ranking[2:]]
        assert [hit.rank for hit in shown.nearest] == [1, 2, 3, 4]
        told = json.loads(json.dumps(shown.as_dict()))
        assert told["rows"] == list(range(shown.rows.first, shown.rows.first + shown.rows.count))
        assert len(told["regions"]) == shown.rows.count
        assert [hit["relative"] for hit in told["nearest"]] == [hit.relative for hit in shown.nearest]
        with pytest.raises(BadQuery, match="is not in the gallery"):
            Searcher(gallery).show(album / ".resight" / "catalogue.sqlite")
