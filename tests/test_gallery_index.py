"""A gallery that keeps an index: in searches, with regions, through a compaction, and in an evaluation."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from resight import indexer
from resight.errors import StoreUnavailable, UnknownMethod
from resight.evaluator import evaluate
from resight.gallery import Gallery, Writer
from resight.indexer.store import keep_index
from resight.progress import Silent
from resight.searcher import Searcher
from resight.searcher.following import name_store, open_store
from resight.stores._recall import ENOUGH
from resight.types import Descriptor
from support import small
from support.rows import LABELLED, clustered, count_found, fill, ranked_as_exactly

pytest.importorskip("faiss", reason="faiss-cpu is not installed: pip install 'resight[faiss]'")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    gallery = tmp_path_factory.mktemp("made") / "g"
    fill(gallery, 2500)
    keep_index(gallery, Silent())
    return gallery


def test_a_search_uses_the_index_unless_it_is_to_be_exact(made):
    with Gallery(made) as gallery, gallery.snapshot() as snapshot:
        assert name_store(snapshot) == "faiss"
        assert not open_store(snapshot).exact
        assert open_store(snapshot, "memory-map").exact
        searcher, found = Searcher(gallery), 0
        for query in clustered(10, seed=3):
            descriptor = Descriptor(query[None], None, snapshot.fingerprint)
            quick, exact = (searcher.search(descriptor, 10, exact=exact) for exact in (False, True))
            found += len({hit.relative for hit in quick} & {hit.relative for hit in exact})
            assert [hit.relative for hit in exact] == [
                f"{row:05}.jpg" for row in np.argsort(-(snapshot.vectors @ query), kind="stable")[:10]
            ]
        assert found >= 97


def test_photos_that_came_later_or_left_are_seen_at_once(made, tmp_path):
    rows = clustered(2)
    gallery = tmp_path / "g"
    fill(gallery, 2500)
    keep_index(gallery, Silent())
    with Writer(gallery) as writer:
        image = writer.add(b"new".ljust(32), (64, 48), Descriptor(rows[:1], None, "x"), None)
        writer.set_file("new.jpg", 1, 1, image)
        writer.forget_file("00001.jpg")
        writer.drop_orphans()
    with Gallery(gallery) as opened, opened.snapshot() as snapshot:
        searcher = Searcher(opened)
        for row, name in ((0, "new.jpg"), (1, "00001.jpg")):
            hits = searcher.search(Descriptor(rows[row : row + 1], None, snapshot.fingerprint), 5)
            assert (name in [hit.relative for hit in hits]) == (row == 0)
            assert len(hits) == 5


def test_images_with_several_rows_are_found_as_by_the_exact_search(tmp_path):
    fill(tmp_path / "g", 1500, regions=4)
    keep_index(tmp_path / "g", Silent())
    assert count_found(tmp_path / "g") >= 95


@pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)
def test_index_keeps_what_the_gallery_is_searched_by(tmp_path):
    small.album(tmp_path, 4)
    small.index(tmp_path, small.PLAIN, store="faiss:recall=0.9")
    with Gallery(tmp_path / ".resight") as gallery, gallery.snapshot() as snapshot:
        assert name_store(snapshot) == "faiss:recall=0.9"
        assert open_store(snapshot).exact  # four rows are too few for any
    with pytest.raises(UnknownMethod):
        small.index(tmp_path, store="annoy")
    small.index(tmp_path, store="auto")
    with Gallery(tmp_path / ".resight") as gallery, gallery.snapshot() as snapshot:
        assert name_store(snapshot) == "auto"


def test_a_compaction_leaves_an_index_of_the_new_rows(tmp_path):
    rows = fill(tmp_path / "g", 2500)
    keep_index(tmp_path / "g", Silent())
    with Writer(tmp_path / "g") as writer:
        for number in range(100):
            writer.forget_file(f"{number:05}.jpg")
        writer.drop_orphans()
    indexer.compact(tmp_path / "g")
    assert [path.name for path in (tmp_path / "g").glob("lists-*.faiss")] == ["lists-002-2400.faiss"]
    with Gallery(tmp_path / "g") as gallery, gallery.snapshot() as snapshot:
        assert not open_store(snapshot).exact
        (hit,) = Searcher(gallery).search(Descriptor(rows[100:101], None, snapshot.fingerprint), 1)
        assert hit.relative == "00100.jpg"


def test_the_command_says_which_store_it_is(made):
    out, _ = small.command("info", "--gallery", made, "--json").communicate()
    told = json.loads(out)["store"]
    assert re.search(r"2,500 of 2,500 rows in \d+ lists, \d+ of them a query; recall@100 0\.99", told)
    assert told.endswith("measured on 200 of its own rows")


@pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)
def test_an_evaluation_says_which_store_it_used_and_ranks_as_the_exact_one(tmp_path):
    for number in range(90):
        small.draw(tmp_path / "data" / f"{number % 30}" / f"{number:03}.png", number)
    recipe, store = small.recipe(small.PLAIN), "faiss:share=0.4,recall=0.9"
    exact = evaluate(recipe, tmp_path / "data", engine="openvino")
    quick = evaluate(recipe, tmp_path / "data", engine="openvino", store=store)
    assert exact.facts["store"] == ["memory-map: every row is compared"]
    (told,) = quick.facts["store"]
    assert "recall@100" in told
    assert [told in caveat for caveat in quick.caveats].count(True) == 1
    assert not [caveat for caveat in exact.caveats if "index" in caveat]
    pairs = [*zip(quick.answers, exact.answers, strict=True)]
    alike = [
        {one.photo for one in own.top[:10]} & {one.photo for one in right.top[:10]} for own, right in pairs
    ]
    assert np.mean([len(each) for each in alike]) > 9
    assert all(len(own.top) == len(right.top) for own, right in pairs)  # what it misses comes below
    assert quick.means == pytest.approx(exact.means, abs=0.02)


@pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)
@pytest.mark.parametrize("name", LABELLED)
def test_who_asks_for_all_of_a_ranking_of_a_shared_set_gets_it(test_data, tmp_path, name):
    small.index(
        test_data / name, small.PLAIN, gallery=tmp_path / "g", store=f"faiss:recall={ENOUGH},share=1e-9"
    )
    with Gallery(tmp_path / "g") as gallery, gallery.snapshot() as snapshot:
        ranked_as_exactly(snapshot)


def test_without_faiss_a_gallery_that_keeps_lists_is_searched_exactly(made, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with Gallery(made) as gallery, gallery.snapshot() as snapshot:
        assert open_store(snapshot).exact
    with pytest.raises(StoreUnavailable):
        small.index(tmp_path, store="faiss")
    assert not [*tmp_path.iterdir()]
