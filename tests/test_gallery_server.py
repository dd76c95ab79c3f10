"""A gallery whose rows lie on a PostgreSQL server: in the command, with regions, and in an evaluation."""

import json

import numpy as np
import pytest

from resight import indexer
from resight.errors import StoreFailed
from resight.evaluator import evaluate
from resight.gallery import Gallery, Writer
from resight.indexer.store import keep_index
from resight.progress import Silent
from resight.searcher import Searcher
from resight.searcher.collection import Collection
from resight.searcher.following import open_store
from resight.stores.pgvector import connect
from resight.types import Descriptor
from support import small
from support.postgres import Postgres
from test_faiss import clustered
from test_gallery_index import fill

ASKED = "pgvector:recall=0.9,share=1e-9"  # the server, whenever it can be


@pytest.fixture(scope="module")
def running():
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture
def server(running, monkeypatch) -> Postgres:
    monkeypatch.setenv("RESIGHT_PGVECTOR", running.address)
    return running


class Telling(Silent):
    def __init__(self):
        self.told = []

    def say(self, sentence):
        self.told.append(sentence)


def command(*words):
    run = small.command(*words)
    out, told = run.communicate()
    return run.returncode, out, told


@pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)
def test_a_gallery_is_pushed_searched_and_left_without_its_server(server, tmp_path):
    names = small.album(tmp_path, 80)
    small.index(tmp_path, small.PLAIN, store=ASKED)
    query = ("search", tmp_path / names[3], "--gallery", tmp_path, "--json")
    code, own, told = command(*query)
    assert (code, told) == (0, "")
    assert own == command(*query, "--exact")[1]
    code, out, _ = command("info", "--gallery", tmp_path, "--json")
    assert "80 of 80 rows on the server" in json.loads(out)["store"]
    assert server.address.split()[0] not in "".join(
        path.read_bytes().decode("latin1") for path in (tmp_path / ".resight").iterdir() if path.is_file()
    )
    server.kill()
    code, out, told = command(*query)
    assert (code, out, told.count("\n")) == (3, "", 1)
    assert told.startswith("resight: The PostgreSQL server of the store 'pgvector' does not answer (")
    assert command(*query, "--exact")[:2] == (0, own)
    small.draw(tmp_path / "new.png", 999)
    telling = Telling()
    assert small.index(tmp_path, progress=telling).described == 1
    assert [line for line in telling.told if "its rows come to the store with the next `index`" in line]
    with pytest.raises(StoreFailed):
        small.index(tmp_path, store="pgvector")
    server.start()
    small.index(tmp_path)
    with connect() as asked, Gallery(tmp_path / ".resight") as gallery, gallery.snapshot() as snapshot:
        assert asked.find(snapshot.catalogue.fact("id"))[0].rows == len(snapshot.vectors) == 81
    code, _, told = command("index", tmp_path, "--store", "pgvector:recal=1")
    assert code == 2
    assert "recall" in told


def test_regions_removals_and_a_compaction(server, tmp_path):
    rows = fill(tmp_path / "g", 250, regions=4, store=ASKED)
    keep_index(tmp_path / "g", Silent())
    with Gallery(tmp_path / "g") as gallery, gallery.snapshot() as snapshot:
        quick, exact = Collection(snapshot, store=open_store(snapshot)), Collection(snapshot)
        assert not quick.store.exact
        found = 0
        for number in range(10):
            queries = clustered(3, seed=20 + number)
            own, right = quick.nearest(queries, 10), exact.nearest(queries, 10)
            assert len({*own.images.tolist()}) == 10
            found += len(np.intersect1d(own.images, right.images))
            assert own.scores[0] == pytest.approx(right.scores[0], abs=1e-6)
        assert found >= 97
    with Writer(tmp_path / "g") as writer:
        for number in range(50):
            writer.forget_file(f"{number:05}.jpg")
        writer.drop_orphans()
    keep_index(tmp_path / "g", Silent())
    indexer.compact(tmp_path / "g")
    with Gallery(tmp_path / "g") as gallery, gallery.snapshot() as snapshot:
        assert "800 of 800 rows" in open_store(snapshot).about
        (hit,) = Searcher(gallery).search(Descriptor(rows[200:204], None, snapshot.fingerprint), 1)
        assert hit.relative == "00050.jpg"
        with connect() as asked:
            assert [each.generation for each in asked.find(snapshot.catalogue.fact("id"))] == [2]
    tables = server.run("SELECT tablename FROM pg_tables WHERE tablename LIKE 'resight_rows_%' ORDER BY 1")
    assert tables == server.run("SELECT 'resight_rows_' || number FROM resight_galleries ORDER BY 1")


@pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)
@pytest.mark.usefixtures("own_evaluations")
def test_an_evaluation_says_which_store_it_used_and_ranks_as_the_exact_one(server, tmp_path):
    for number in range(90):
        small.draw(tmp_path / "data" / f"{number % 30}" / f"{number:03}.png", number)
    recipe = small.recipe(small.PLAIN)
    exact = evaluate(recipe, tmp_path / "data", engine="openvino")
    quick = evaluate(recipe, tmp_path / "data", engine="openvino", store=ASKED)
    (told,) = quick.facts["store"]
    assert "recall@90 1.0000" in told or "recall@100 1.0000" in told
    pairs = zip(quick.answers, exact.answers, strict=True)
    assert all([one.photo for one in own.top] == [one.photo for one in right.top] for own, right in pairs)
    assert quick.means == exact.means


SETS = [
    "scenes",
    "dvd_covers",
    *(pytest.param(name, marks=pytest.mark.soak) for name in ("groceries", "logos")),
]


@pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)
@pytest.mark.parametrize("name", SETS)
def test_shared_sets_have_the_ranking_of_the_exact_search(server, test_data, tmp_path, name):
    """Photos that are real, by a network that is not."""
    small.index(test_data / name, small.PLAIN, gallery=tmp_path / "g", store=ASKED)
    with Gallery(tmp_path / "g") as gallery, gallery.snapshot() as snapshot:
        quick, exact = Collection(snapshot, store=open_store(snapshot)), Collection(snapshot)
        assert not quick.store.exact
        for row in np.random.default_rng(0).choice(len(snapshot.vectors), 90, replace=False):
            query = np.array(snapshot.vectors[row : row + 1])
            own, right = quick.nearest(query, 20), exact.nearest(query, 20)
            np.testing.assert_array_equal(own.images, right.images)
            np.testing.assert_allclose(own.scores, right.scores, atol=1e-6)
