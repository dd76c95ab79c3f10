"""A gallery whose rows lie on a server: in the command, with regions, and in an evaluation."""

import json

import pytest
import typer.testing

from resight import cli, indexer
from resight.errors import BadSetting, StoreFailed
from resight.evaluator import evaluate
from resight.gallery import Gallery, Writer
from resight.indexer import holding
from resight.indexer.store import keep_index
from resight.progress import Silent
from resight.searcher import Searcher
from resight.searcher.following import open_store
from resight.stores import _pushing
from resight.stores._recall import ENOUGH
from resight.types import Descriptor
from support import small
from support.rows import LABELLED, Stopping, count_found, fill, ranked_as_exactly
from support.servers import SERVERS, running, served


@pytest.fixture(scope="module", params=SERVERS)
def server(request):
    with running(request.param) as server:
        yield server


@pytest.fixture
def asked(server) -> str:
    """The server, whenever it can be asked."""
    return f"{server.name}:recall=0.9,share=1e-9"


class Telling(Silent):
    def __init__(self):
        self.told = []

    def say(self, sentence):
        self.told.append(sentence)


@pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)
def test_a_gallery_is_pushed_searched_and_left_without_its_server(server, asked, tmp_path):
    names = small.album(tmp_path, 80)
    small.index(tmp_path, small.PLAIN, store=asked)
    query = ("search", tmp_path / names[3], "--gallery", tmp_path, "--json")
    own = told(*query)
    assert own == told(*query, "--exact")
    assert "80 of 80 rows on the server" in json.loads(told("info", "--gallery", tmp_path, "--json"))["store"]
    assert server.address.split()[0] not in "".join(
        path.read_bytes().decode("latin1") for path in (tmp_path / ".resight").iterdir() if path.is_file()
    )
    server.kill()
    run = small.command(*query)
    out, sentence = run.communicate()
    assert (run.returncode, out, sentence.count("\n")) == (3, "", 1)
    assert f"server of the store '{server.name}' does not answer" in sentence
    assert server.address not in sentence
    assert told(*query, "--exact") == own
    small.draw(tmp_path / "new.png", 999)
    telling = Telling()
    assert small.index(tmp_path, progress=telling).described == 1
    assert [line for line in telling.told if "`resight store push`" in line]
    with pytest.raises(StoreFailed):
        small.index(tmp_path, store=server.name)
    server.start()
    small.index(tmp_path)
    with Gallery(tmp_path / ".resight") as gallery, gallery.snapshot() as snapshot:
        assert served(server, snapshot.catalogue.fact("id"))[0].rows == len(snapshot.vectors) == 81


def test_regions_removals_and_a_compaction(server, asked, tmp_path):
    rows, before = fill(tmp_path / "g", 250, regions=4, store=asked), server.tables()
    keep_index(tmp_path / "g", Silent())
    assert count_found(tmp_path / "g") >= 97
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
        (there,) = served(server, snapshot.catalogue.fact("id"))
    assert there.generation == 2
    assert server.tables() - before == {there.number}


@pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)
@pytest.mark.usefixtures("own_evaluations")
def test_an_evaluation_says_which_store_it_used_and_ranks_as_the_exact_one(server, asked, tmp_path):
    for number in range(90):
        small.draw(tmp_path / "data" / f"{number % 30}" / f"{number:03}.png", number)
    recipe = small.recipe(small.PLAIN)
    exact = evaluate(recipe, tmp_path / "data", engine="openvino")
    quick = evaluate(recipe, tmp_path / "data", engine="openvino", store=asked)
    (sentence,) = quick.facts["store"]
    assert "recall@100 1.0000" in sentence
    pairs = zip(quick.answers, exact.answers, strict=True)
    assert all([one.photo for one in own.top] == [one.photo for one in right.top] for own, right in pairs)
    assert quick.means == exact.means


@pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)
@pytest.mark.parametrize("name", LABELLED)
def test_shared_sets_have_the_ranking_of_the_exact_search(server, asked, test_data, tmp_path, name):
    """Photos that are real, by a network that is not."""
    small.index(test_data / name, small.PLAIN, gallery=tmp_path / "g", store=asked)
    with Gallery(tmp_path / "g") as gallery, gallery.snapshot() as snapshot:
        assert not ranked_as_exactly(snapshot).exact


@pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)
@pytest.mark.parametrize("name", LABELLED)
def test_who_asks_for_all_of_a_ranking_gets_it_also_where_the_index_misses_rows(
    server, test_data, tmp_path, name
):
    """Where the recall falls short, as on a server without a graph of so few rows, all rows are compared."""
    whole = f"{server.name}:recall={ENOUGH},share=1e-9"
    small.index(test_data / name, small.PLAIN, gallery=tmp_path / "g", store=whole)
    with Gallery(tmp_path / "g") as gallery, gallery.snapshot() as snapshot:
        (there,) = served(server, snapshot.catalogue.fact("id"))
        assert ranked_as_exactly(snapshot).exact == (there.efforts[-1].recall < ENOUGH), there.efforts


def told(*words, code: int = 0) -> str:
    """What the command prints, run in this process."""
    done = typer.testing.CliRunner().invoke(cli.app(), [*map(str, words)])
    assert done.exit_code == code, (done.output, done.exception)
    return done.stdout


def test_rows_are_pushed_told_of_and_dropped_by_a_verb(server, asked, tmp_path, monkeypatch):
    rows = fill(tmp_path / "g", 200, store="auto")
    words = (tmp_path / "g", "--store", asked)

    def act(action, code=0):
        return json.loads(told("store", action, *words, "--json", code=code))

    assert act("status")["held"] == []
    with monkeypatch.context() as patched:
        patched.setattr(_pushing, "BLOCK_ROWS", 150)
        holding.push(tmp_path / "g", server.name, Stopping(1))
    there = act("status")
    assert (there["complete"], there["held"]) == (False, [{"generation": 1, "rows": 150, "ready": False}])
    assert "150 of the 200 rows" in told("store", "status", *words)
    before = act("push")
    assert before == act("push") == act("status")
    assert (before["complete"], before["generation"], before["rows"]) == (True, 1, 200)
    assert before["held"] == [{"generation": 1, "rows": 200, "ready": True}]
    with Gallery(tmp_path / "g") as gallery, gallery.snapshot() as snapshot:
        searcher, query = Searcher(gallery), Descriptor(rows[7:8], None, snapshot.fingerprint)
        named = searcher.search(query, 5, store=words[2])
        assert named == searcher.search(query, 5, exact=True)
        with server.without(served(server, snapshot.catalogue.fact("id"))[0], 7):
            assert named[0] not in searcher.search(query, 5, store=words[2])
    dropped = act("drop")
    assert (dropped["dropped"], dropped["held"]) == (True, before["held"])
    assert told("store", "drop", *words) == f"{server.name}: dropped 0 rows.\n"


def test_the_verb_holds_for_every_store_that_keeps_something(tmp_path):
    pytest.importorskip("faiss")
    fill(tmp_path / "g", 2000, store="faiss")
    assert "0 of the 2,000 rows" in told("store", "status", tmp_path / "g")
    assert "all 2,000 rows of the gallery are there" in told("store", "push", tmp_path / "g")
    assert len([*(tmp_path / "g").glob("lists-*.faiss")]) == 1
    assert told("store", "drop", tmp_path / "g") == "faiss: dropped 2,000 rows.\n"
    assert not [*(tmp_path / "g").glob("lists-*.faiss")]
    with pytest.raises(BadSetting, match="holds nothing of a gallery: name one"):
        holding.push(tmp_path / "g", "memory-map")
    done = typer.testing.CliRunner().invoke(cli.app(), ["store", "psh", str(tmp_path / "g")])
    assert str(done.exception) == "`resight store` takes push, status or drop, not 'psh'. Did you mean push?"
