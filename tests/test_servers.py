"""The store on a PostgreSQL server: what it finds, and what is left when client or server are killed."""

import contextlib
import importlib
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from resight.errors import StoreFailed, StoreUnavailable
from resight.progress import Silent
from resight.stores import Given, _pushing
from resight.stores._asking import Asking
from resight.stores.memory_map import memory_map
from support.pushed import Pushed
from support.rows import Stopping, clustered
from support.servers import SERVERS, Server, file_of, running, served
from test_stores import (  # the promise of every store
    test_a_store_follows_a_gallery_and_is_made_anew_for_a_new_generation as test_it_follows_a_gallery,
)
from test_stores import (
    test_a_store_says_which_it_is,
    test_asking_for_more_than_there_is_gives_what_there_is,
    test_deleted_rows_never_come_back,
    test_equal_scores_are_ordered_by_row,
    test_rows_are_given_back_as_they_were_added,
    test_rows_must_follow_those_that_are_there,
    test_rows_that_are_not_finite_are_refused,
    test_scores_are_dot_products_whatever_the_rows_are,
    test_what_is_not_allowed_is_not_found,
)

PROMISES = (
    test_it_follows_a_gallery, test_a_store_says_which_it_is,
    test_asking_for_more_than_there_is_gives_what_there_is, test_deleted_rows_never_come_back,
    test_equal_scores_are_ordered_by_row, test_rows_are_given_back_as_they_were_added,
    test_rows_must_follow_those_that_are_there, test_rows_that_are_not_finite_are_refused,
    test_scores_are_dot_products_whatever_the_rows_are, test_what_is_not_allowed_is_not_found,
)  # fmt: skip
ROWS, WIDTH = 1500, 16  # a Milvus server makes no graph of fewer than 1,024 rows
NONE, HERE, SILENT = np.empty(0, np.int64), Path("."), Silent()


@pytest.fixture(scope="module", params=SERVERS)
def server(request):
    with running(request.param) as server:
        yield server


@pytest.fixture
def make(server):
    file = file_of(server)
    return lambda generation, width: Pushed(file, getattr(file, server.name), generation, width)


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    return clustered(ROWS)


def keep(server: Server, gallery: str, vectors: np.ndarray, deleted=NONE, progress=SILENT, **more) -> None:
    given = Given(gallery, more.pop("generation", 1), vectors, deleted, **more)
    file_of(server).keep(HERE, given, progress)


@pytest.fixture(scope="module")
def pushed(server, vectors) -> str:
    keep(server, "pushed", vectors)
    return "pushed"


def both(server: Server, gallery: str, vectors: np.ndarray, owners=None, generation=1, **more):
    """The store with what a server has, asked whenever it can be, and the exact one."""
    width, owners = vectors.shape[1], np.arange(len(vectors)) if owners is None else owners
    make = getattr(file_of(server), server.name)
    own, exact = make(generation, width, HERE, gallery, **{"share": 1e-9} | more), memory_map(1, width)
    for store in (own, exact):
        store.add(0, vectors, lambda: owners)
    return own, exact


# what it finds


@pytest.mark.parametrize("k", [0, 1, 40, 41, 333, ROWS, 10**6])
def test_it_finds_what_the_exact_search_finds(server, pushed, vectors, k):
    own, exact = both(server, pushed, vectors)
    assert not own.exact
    found = total = 0
    for query in clustered(12, seed=7):
        right, _ = exact.search(query[None], k)
        rows, scores = own.search(query[None], k)
        assert len(rows) == len({*rows.tolist()}) == min(k, ROWS)
        assert (rows.dtype, scores.dtype) == (np.int64, np.float32)
        np.testing.assert_array_equal(scores, np.sort(scores)[::-1])
        np.testing.assert_allclose(scores, vectors[rows].astype(float) @ query.astype(float), atol=1e-6)
        found, total = found + len(np.intersect1d(rows, right)), total + len(right)
    assert found >= 0.98 * total, own.about


def test_the_server_is_asked(server, pushed, vectors):
    own, _ = both(server, pushed, vectors)
    assert "1,500 of 1,500 rows on the server" in own.about
    assert own.search(vectors[5:6], 1)[0].tolist() == [5]
    with server.without(served(server, pushed)[0], 5):
        assert 5 not in own.search(vectors[5:6], 10)[0]
    assert own.search(vectors[5:6], 1)[0].tolist() == [5]


def test_several_queries_find_the_largest_of_their_products(server, pushed, vectors):
    own, exact = both(server, pushed, vectors)
    queries = 3 * clustered(8, seed=4)
    rows, scores = own.search(queries, 50)
    right, best = exact.search(queries, 50)
    assert len(np.intersect1d(rows, right)) >= 49
    np.testing.assert_allclose(scores, (vectors[rows] @ queries.T).max(axis=1), atol=1e-5)
    assert scores[0] == pytest.approx(best[0], abs=1e-5)
    assert own.search(0 * queries[:1], 3)[0].tolist() == [0, 1, 2]


def test_equal_rows_come_in_their_order_however_many_there_are(server, vectors):
    vectors = vectors.copy()
    same = np.sort(np.random.default_rng(0).choice(ROWS, 150, replace=False))
    vectors[same] = vectors[same[0]]
    keep(server, "same", vectors)
    own, _ = both(server, "same", vectors, recall=0.5)
    assert not own.exact
    assert own.search(vectors[same[:1]], 20)[0].tolist() == same[:20].tolist()


@pytest.mark.parametrize("share", [0.01, 0.2, 0.6, 1.0])
def test_what_is_left_out_is_not_found_and_the_rest_fills_up(server, pushed, vectors, share):
    owners = np.random.default_rng(2).permutation(ROWS) // 2  # an image has two rows
    own, exact = both(server, pushed, vectors, owners)
    allowed = np.arange(max(1, int(share * ROWS / 2)))
    for query in clustered(5, seed=11):
        rows, _ = own.search(query[None], 10, allowed)
        assert len(rows) == 10
        assert np.isin(owners[rows], allowed).all()
        assert len(np.intersect1d(rows, exact.search(query[None], 10, allowed)[0])) >= 9


def test_deleted_rows_never_come_back_and_others_take_their_place(server, vectors):
    keep(server, "deleted", vectors)
    query, deleted = clustered(1, seed=9), NONE
    for turn in range(4):
        own, exact = both(server, "deleted", vectors)
        for store in (own, exact):
            store.delete(deleted)
        nearest, _ = own.search(query, 40)
        assert not np.isin(nearest, deleted).any()
        assert len(np.intersect1d(nearest, exact.search(query, 40)[0])) >= 39
        deleted = np.union1d(deleted, nearest)
        if turn % 2:
            keep(server, "deleted", vectors, deleted)
            there = {row for row, _ in server.images(served(server, "deleted")[0])}
            assert there == {*range(ROWS)} - {*deleted.tolist()}


def test_rows_that_are_zero_longer_or_no_numbers(server, vectors, tmp_path):
    vectors = vectors.copy()
    vectors[10], vectors[20], vectors[30, 3], vectors[40] = 0, 3 * vectors[20], np.nan, np.nan
    vectors.tofile(tmp_path / "rows.f32")
    rows = np.memmap(tmp_path / "rows.f32", "<f4", "r", shape=vectors.shape)
    keep(server, "odd", rows)
    own, exact = both(server, "odd", rows)
    assert not own.exact
    found, scores = own.search(rows[20:21] / 3, 100)
    assert (found[0], scores[0]) == (20, pytest.approx(3, abs=1e-5))
    assert np.isfinite(scores).all()
    assert not np.isin([30, 40], found).any()
    everything = own.search(rows[:1], ROWS)[0]
    np.testing.assert_array_equal(everything, exact.search(rows[:1], ROWS)[0])
    assert len(everything) == ROWS - 2


@pytest.mark.parametrize("width", [1, 2, 2001, 4000])
def test_rows_of_any_width_that_an_index_takes(server, width):
    rows = clustered(120, width)
    keep(server, f"width {width}", rows)
    own, exact = both(server, f"width {width}", rows, recall=0.5)
    assert not own.exact
    for query in clustered(3, width, seed=1):
        np.testing.assert_allclose(own.search(query[None], 3)[1], exact.search(query[None], 3)[1], atol=1e-3)


def test_few_rows_are_compared_one_and_all(server, vectors):
    keep(server, "few", vectors[:40])
    own, exact = both(server, "few", vectors[:40])
    assert own.exact
    assert "every row is compared" in own.about
    np.testing.assert_array_equal(own.search(vectors[:1], 9)[0], exact.search(vectors[:1], 9)[0])
    assert getattr(file_of(server), server.name)(1, WIDTH).exact


def test_more_is_asked_of_the_server_where_more_is_wanted(server, pushed, vectors):
    assert both(server, pushed, vectors, recall=1.1)[0].exact  # nothing finds that much
    efforts = served(server, pushed)[0].efforts
    assert efforts[-1].recall > 0.98
    assert [each.candidates for each in efforts] == sorted(each.candidates for each in efforts)
    assert both(server, pushed, vectors, share=8)[
        0
    ].exact  # a search would compare more than one row in eight


# following a gallery


def test_rows_that_came_later_are_found_at_once_and_pushed_alone(server):
    vectors = clustered(ROWS + 300)
    keep(server, "grown", vectors[:ROWS])
    own, _ = both(server, "grown", vectors)
    for row in (0, ROWS, ROWS + 299):
        assert own.search(vectors[row : row + 1], 1)[0].tolist() == [row]
    (before,) = served(server, "grown")
    with server.without(before, 3):  # what is there is not pushed again
        for _ in range(2):
            keep(server, "grown", vectors)
            rows = [row for row, _ in server.images(served(server, "grown")[0])]
            assert rows == [row for row in range(ROWS + 300) if row != 3]
    for row in (ROWS, ROWS + 299):  # a search that began before the push
        found, _ = own.search(vectors[row : row + 1], 30)
        assert found[0] == row
        assert len({*found.tolist()}) == 30
    own, _ = both(
        server, "grown", vectors[: ROWS - 100]
    )  # an older snapshot has none of the rows that came since
    for row in (ROWS - 50, ROWS + 7):
        assert own.search(vectors[row : row + 1], 30)[0].max() < ROWS - 100
    keep(server, "grown", vectors[: ROWS - 100])
    assert served(server, "grown")[0].rows == ROWS + 300


def test_a_row_that_the_index_never_finds_is_compared_always(server):
    """As Milvus Lite loses one of the shared logos: what is measured sees that it is lost."""
    vectors = clustered(ROWS + 300)
    keep(server, "lost", vectors[:ROWS])
    (before,) = served(server, "lost")
    with server.without(before, 3):
        keep(server, "lost", vectors)  # so many more rows that all is measured anew
        (there,) = served(server, "lost")
        assert 3 in there.apart
        own, _ = both(server, "lost", vectors)
        assert not own.exact
        assert own.search(vectors[3:4], 1)[0].tolist() == [3]
    assert own.search(vectors[3:4], 30)[0].tolist().count(3) == 1  # the server finds it, too


def test_a_new_generation_takes_the_place_of_the_one_before(server, vectors):
    keep(server, "refit", vectors)
    (before,), others = served(server, "refit"), clustered(ROWS, seed=5)
    own, exact = both(server, "refit", vectors)
    assert not own.exact  # it is open
    keep(server, "refit", others, generation=2)
    assert [each.generation for each in served(server, "refit")] == [2]
    assert before.number not in server.tables()
    np.testing.assert_array_equal(own.search(vectors[:1], 9)[0], exact.search(vectors[:1], 9)[0])
    keep(server, "refit", vectors)  # a process that has an old snapshot
    assert [each.generation for each in served(server, "refit")] == [2]
    assert both(server, "refit", vectors)[0].exact
    assert not both(server, "refit", others, generation=2)[0].exact


def test_rows_of_a_copy_that_went_its_own_way_are_not_used_and_replaced(server, vectors):
    keep(server, "copied", clustered(ROWS, seed=5))
    assert both(server, "copied", vectors)[0].exact
    keep(server, "copied", vectors)
    own, _ = both(server, "copied", vectors)
    assert not own.exact
    assert own.search(vectors[5:6], 1)[0].tolist() == [5]


def test_each_row_says_its_image(server, vectors):
    owners = np.arange(ROWS) // 4
    keep(server, "images", vectors, owners=lambda: owners)
    (there,) = served(server, "images")
    assert server.images(there) == [*enumerate(owners.tolist())]
    np.testing.assert_allclose(server.vector(there, 7), vectors[7], atol=1e-3)


# several at once, and those that end too early


def test_a_push_that_is_asked_to_stop_goes_on_later(server, vectors, monkeypatch):
    monkeypatch.setattr(_pushing, "BLOCK_ROWS", 200)
    keep(server, "stopped", vectors, progress=Stopping(2))
    assert served(server, "stopped")[0].rows == 400
    own, exact = both(server, "stopped", vectors)
    assert own.exact
    np.testing.assert_array_equal(own.search(vectors[:1], 9)[0], exact.search(vectors[:1], 9)[0])
    keep(server, "stopped", vectors)
    assert served(server, "stopped")[0].rows == ROWS
    assert not both(server, "stopped", vectors)[0].exact


def test_writers_at_once_push_each_row_once(server, vectors, monkeypatch):
    monkeypatch.setattr(_pushing, "BLOCK_ROWS", 100)
    failed = []

    def run():
        try:
            keep(server, "both", vectors)
        except Exception as error:  # told below
            failed.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    (there,) = served(server, "both")
    assert [row for row, _ in server.images(there)] == [*range(ROWS)]
    assert not both(server, "both", vectors)[0].exact


PUSH = """
import importlib, sys, numpy as np
from pathlib import Path
from resight.progress import Silent
from resight.stores import Given, _pushing
class Saying(Silent):
    def step(self, failures=0):
        print("step", flush=True)
        sys.stdin.readline()  # waits only where it is far ahead of who is to kill it
store, rows, _pushing.BLOCK_ROWS = sys.argv[1], np.load(sys.argv[2], mmap_mode="r"), int(sys.argv[3])
file = importlib.import_module(f"resight.stores.{store}")
file.check()
print("begin", flush=True)
file.keep(Path("."), Given("killed", 1, rows, np.empty(0, np.int64)), Saying())
print("done", flush=True)
"""


def start_pushing(server: Server, path: Path, block: int, ahead: int) -> subprocess.Popen:
    """A process that pushes blocks, so many more than it is told to; it has begun."""
    run = subprocess.Popen(
        [sys.executable, "-c", PUSH, server.name, str(path), str(block)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1,
    )  # fmt: skip
    assert run.stdin is not None
    assert run.stdout is not None
    assert run.stdout.readline() == "begin\n"
    run.stdin.write("on\n" * ahead)
    return run


class Ended(BaseException):
    """As a kill: nothing in the way cleans up."""


@pytest.mark.soak
def test_a_push_that_ends_behind_any_of_its_calls_goes_on(server, monkeypatch):
    if server.name != "milvus":
        pytest.skip("Only Milvus knows no transactions.")
    rows, calls, do = clustered(150, 8), [0, 0], Asking.do
    monkeypatch.setattr(_pushing, "BLOCK_ROWS", 50)

    def counted(call, *words, **more):
        told = do(call, *words, **more)
        calls[0] += 1
        if calls[0] == calls[1]:
            raise Ended
        return told

    def push(gallery: str, last: int) -> bool:
        """Whether it came to its end."""
        calls[:] = 0, last
        with monkeypatch.context() as patched:
            patched.setattr(Asking, "do", staticmethod(counted))
            try:
                keep(server, gallery, rows)
            except Ended:
                return False
        return True

    before, last, standing = server.tables(), 1, set()
    while not push(f"ended-{last}", last):
        standing |= {each.rows for each in served(server, f"ended-{last}")}
        keep(server, f"ended-{last}", rows)
        last += 1
    assert last > 20
    assert standing == {0, 50, 100, 150}
    assert len(server.tables() - before) == last  # none is left behind
    for number in range(1, last + 1):
        (there,) = served(server, f"ended-{number}")
        assert (there.rows, there.measured) == (150, 150)
        assert server.images(there) == [(row, row) for row in range(150)]


def test_killed_clients_and_servers_leave_what_was_committed_and_the_next_push_goes_on(server, tmp_path):
    kill_and_push_again(server, tmp_path, 5000, 8, moments=4, block=500)


def kill_and_push_again(server: Server, folder: Path, count: int, width: int, moments: int, block: int):
    rows = clustered(count, width)
    np.save(folder / "rows.npy", rows)
    chance, standing = random.Random(5), [(-1, 0, 0)]
    for moment in range(moments):
        ahead = max(2, count // block // (2 * moments))  # at most, of who kills it
        run = start_pushing(server, folder / "rows.npy", block, ahead)
        for _ in range(chance.randrange(3)):
            run.stdout.readline()
            with contextlib.suppress(BrokenPipeError):  # it has ended
                run.stdin.write("on\n")
        time.sleep(chance.random() * 0.1)
        if moment % 3 == 2:
            server.kill()
            _, told = run.communicate(timeout=900)
            assert run.returncode == 0 or "StoreFailed" in told, told
            server.start()
        else:
            run.kill()
            _, told = run.communicate(timeout=900)
            assert run.returncode in (0, -signal.SIGKILL) or "StoreFailed" in told, told
        standing += [(moment, each.number, each.rows) for each in served(server, "killed")]
    counts = [rows for _, _, rows in standing]
    assert counts == sorted(counts), standing
    assert len({*counts}) > 2, standing
    keep(server, "killed", rows)
    (there,) = served(server, "killed")
    assert [row for row, _ in server.images(there)] == [*range(count)]
    own, exact = both(server, "killed", rows)
    assert not own.exact
    for row in range(0, count, 1 + count // 20):
        np.testing.assert_allclose(server.vector(there, row), rows[row], atol=1e-3)
    found = 0
    for query in clustered(20, width, seed=3):  # the graph names nearly all, and they are compared exactly
        near, scores = own.search(query[None], 10)
        np.testing.assert_allclose(scores, rows[near].astype(float) @ query.astype(float), atol=1e-6)
        found += len(np.intersect1d(near, exact.search(query[None], 10)[0]))
    assert found >= 0.98 * 200, own.about


@pytest.mark.soak
@pytest.mark.parametrize("name", SERVERS)
def test_200_000_rows_and_ten_kills(name, tmp_path):
    with running(name) as own:
        kill_and_push_again(own, tmp_path, 200_000, 64, moments=10, block=2048)


# a server that is not there


def test_a_server_that_goes_away_in_a_search_is_one_sentence(server, pushed, vectors):
    own, _ = both(server, pushed, vectors)
    assert len(own.search(vectors[:1], 5)[0]) == 5
    server.kill()
    with pytest.raises(StoreFailed, match="does not answer") as caught:
        own.search(vectors[:1], 5)
    assert not {*server.address.split()} & {*str(caught.value).split()}
    with pytest.raises(StoreFailed):
        keep(server, "gone", vectors)
    server.start()  # connections that were kept are of the server before
    assert own.search(vectors[:1], 5)[0][0] == 0


@pytest.mark.parametrize(("name", "package"), [("pgvector", "psycopg"), ("milvus", "pymilvus")])
def test_without_its_package_it_is_refused(monkeypatch, name, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(StoreUnavailable, match=rf"pip install 'resight\[{name}\]'"):
        importlib.import_module(f"resight.stores.{name}").check()
