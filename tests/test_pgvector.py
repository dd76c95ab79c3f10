"""The store on a PostgreSQL server: what it finds, and what is left when client or server are killed."""

import os
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
from resight.stores import Given, Store, _pushing
from resight.stores import pgvector as file
from resight.stores._copying import pack
from resight.stores._tables import _check_version
from resight.stores.memory_map import memory_map
from resight.stores.pgvector import connect, keep, pgvector
from support.postgres import Postgres
from support.pushed import Pushed
from support.rows import Stopping, clustered
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
ROWS, WIDTH = 1000, 16
NONE, HERE = np.empty(0, np.int64), Path(".")


@pytest.fixture(scope="module")
def server():
    server, before = Postgres(), os.environ.get("RESIGHT_PGVECTOR")
    os.environ["RESIGHT_PGVECTOR"] = server.address
    yield server
    del os.environ["RESIGHT_PGVECTOR"]
    if before is not None:
        os.environ["RESIGHT_PGVECTOR"] = before
    server.stop()


@pytest.fixture
def make(server):
    return lambda generation, width: Pushed(file, pgvector, generation, width)


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    return clustered(ROWS)


def given(gallery: str, vectors: np.ndarray, deleted: np.ndarray = NONE, generation: int = 1) -> Given:
    return Given(gallery, generation, vectors, deleted)


@pytest.fixture(scope="module")
def pushed(server, vectors) -> str:
    keep(HERE, given("pushed", vectors), Silent())
    return "pushed"


def both(gallery: str, vectors: np.ndarray, owners=None, generation=1, **more) -> tuple[Store, Store]:
    """The store with what a server has, asked whenever it can be, and the exact one."""
    width, owners = vectors.shape[1], np.arange(len(vectors)) if owners is None else owners
    own, exact = pgvector(generation, width, HERE, gallery, **{"share": 1e-9} | more), memory_map(1, width)
    for store in (own, exact):
        store.add(0, vectors, lambda: owners)
    return own, exact


def served(gallery: str) -> list:
    with connect() as server:
        return server.find(gallery)


def table(gallery: str) -> str:
    return f"resight_rows_{served(gallery)[0].number}"


# what it finds


@pytest.mark.parametrize("k", [0, 1, 40, 41, 333, ROWS, 10**6])
def test_it_finds_what_the_exact_search_finds(pushed, vectors, k):
    own, exact = both(pushed, vectors)
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
    own, _ = both(pushed, vectors)
    assert "1,000 of 1,000 rows on the server" in own.about
    assert own.search(vectors[5:6], 1)[0].tolist() == [5]
    server.run(f"CREATE TABLE copy AS SELECT * FROM {table(pushed)} WHERE row = 5")
    server.run(f"DELETE FROM {table(pushed)} WHERE row = 5")
    try:
        assert 5 not in own.search(vectors[5:6], 10)[0]
    finally:
        server.run(f"INSERT INTO {table(pushed)} SELECT * FROM copy")
        server.run("DROP TABLE copy")


def test_several_queries_find_the_largest_of_their_products(pushed, vectors):
    own, exact = both(pushed, vectors)
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
    keep(HERE, given("same", vectors), Silent())
    own, _ = both("same", vectors, recall=0.5)
    assert not own.exact
    assert own.search(vectors[same[:1]], 20)[0].tolist() == same[:20].tolist()


@pytest.mark.parametrize("share", [0.01, 0.2, 0.6, 1.0])
def test_what_is_left_out_is_not_found_and_the_rest_fills_up(pushed, vectors, share):
    owners = np.random.default_rng(2).permutation(ROWS) // 2  # an image has two rows
    own, exact = both(pushed, vectors, owners)
    allowed = np.arange(max(1, int(share * ROWS / 2)))
    for query in clustered(5, seed=11):
        rows, _ = own.search(query[None], 10, allowed)
        assert len(rows) == 10
        assert np.isin(owners[rows], allowed).all()
        assert len(np.intersect1d(rows, exact.search(query[None], 10, allowed)[0])) >= 9


def test_deleted_rows_never_come_back_and_others_take_their_place(server, vectors):
    keep(HERE, given("deleted", vectors), Silent())
    query, deleted = clustered(1, seed=9), NONE
    for turn in range(4):
        own, exact = both("deleted", vectors)
        for store in (own, exact):
            store.delete(deleted)
        nearest, _ = own.search(query, 40)
        assert not np.isin(nearest, deleted).any()
        assert len(np.intersect1d(nearest, exact.search(query, 40)[0])) >= 39
        deleted = np.union1d(deleted, nearest)
        if turn % 2:
            keep(HERE, given("deleted", vectors, deleted), Silent())
            ((left,),) = server.run(f"SELECT count(*) FROM {table('deleted')}")
            assert left == ROWS - len(deleted)


def test_rows_that_are_zero_longer_or_no_numbers(server, vectors, tmp_path):
    vectors = vectors.copy()
    vectors[10], vectors[20], vectors[30, 3], vectors[40] = 0, 3 * vectors[20], np.nan, np.nan
    vectors.tofile(tmp_path / "rows.f32")
    rows = np.memmap(tmp_path / "rows.f32", "<f4", "r", shape=vectors.shape)
    keep(HERE, given("odd", rows), Silent())
    own, exact = both("odd", rows)
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
    keep(HERE, given(f"width {width}", rows), Silent())
    own, exact = both(f"width {width}", rows, recall=0.5)
    assert not own.exact
    for query in clustered(3, width, seed=1):
        np.testing.assert_allclose(own.search(query[None], 3)[1], exact.search(query[None], 3)[1], atol=1e-3)


def test_wider_rows_are_refused(server):
    with pytest.raises(StoreUnavailable, match=r"at most 4,000 numbers, and these have 4,001"):
        keep(HERE, given("wide", clustered(70, 4001)), Silent())
    assert served("wide") == []


def test_few_rows_are_compared_one_and_all(server, vectors):
    keep(HERE, given("few", vectors[:40]), Silent())
    own, exact = both("few", vectors[:40])
    assert own.exact
    assert "every row is compared" in own.about
    np.testing.assert_array_equal(own.search(vectors[:1], 9)[0], exact.search(vectors[:1], 9)[0])
    assert pgvector(1, WIDTH).exact


def test_more_is_asked_of_the_server_where_more_is_wanted(pushed, vectors):
    assert both(pushed, vectors, recall=1.1)[0].exact  # nothing finds that much
    efforts = served(pushed)[0].efforts
    assert efforts[-1].recall > 0.98
    assert [each.candidates for each in efforts] == sorted(each.candidates for each in efforts)
    assert both(pushed, vectors, share=8)[0].exact  # a search would compare more than one row in eight


# following a gallery


def test_rows_that_came_later_are_found_at_once_and_pushed_alone(server):
    vectors = clustered(ROWS + 300)
    keep(HERE, given("grown", vectors[:ROWS]), Silent())
    own, _ = both("grown", vectors)
    for row in (0, ROWS, ROWS + 299):
        assert own.search(vectors[row : row + 1], 1)[0].tolist() == [row]
    before = server.run(f"SELECT row, xmin FROM {table('grown')} ORDER BY row")
    keep(HERE, given("grown", vectors), Silent())
    after = server.run(f"SELECT row, xmin FROM {table('grown')} ORDER BY row")
    assert after[:ROWS] == before
    assert [row for row, _ in after] == [*range(ROWS + 300)]
    keep(HERE, given("grown", vectors), Silent())
    assert server.run(f"SELECT row, xmin FROM {table('grown')} ORDER BY row") == after
    own, _ = both("grown", vectors[: ROWS - 100])  # an older snapshot has none of the rows that came since
    for row in (ROWS - 50, ROWS + 7):
        assert own.search(vectors[row : row + 1], 30)[0].max() < ROWS - 100
    keep(HERE, given("grown", vectors[: ROWS - 100]), Silent())
    assert served("grown")[0].rows == ROWS + 300


def test_a_new_generation_takes_the_place_of_the_one_before(server, vectors):
    keep(HERE, given("refit", vectors), Silent())
    before, others = table("refit"), clustered(ROWS, seed=5)
    own, exact = both("refit", vectors)
    assert not own.exact  # it is open
    keep(HERE, given("refit", others, generation=2), Silent())
    assert [each.generation for each in served("refit")] == [2]
    assert server.run(f"SELECT to_regclass('{before}')") == [(None,)]
    np.testing.assert_array_equal(own.search(vectors[:1], 9)[0], exact.search(vectors[:1], 9)[0])
    keep(HERE, given("refit", vectors), Silent())  # a process that has an old snapshot
    assert [each.generation for each in served("refit")] == [2]
    assert both("refit", vectors)[0].exact
    assert not both("refit", others, generation=2)[0].exact


def test_rows_of_a_copy_that_went_its_own_way_are_not_used_and_replaced(server, vectors):
    keep(HERE, given("copied", clustered(ROWS, seed=5)), Silent())
    assert both("copied", vectors)[0].exact
    keep(HERE, given("copied", vectors), Silent())
    own, _ = both("copied", vectors)
    assert not own.exact
    assert own.search(vectors[5:6], 1)[0].tolist() == [5]


def test_each_row_says_its_image(server, vectors):
    owners = np.arange(ROWS) // 4
    keep(HERE, Given("images", 1, vectors, NONE, lambda: owners), Silent())
    assert server.run(f"SELECT row, image FROM {table('images')} ORDER BY row") == [
        *enumerate(owners.tolist())
    ]
    ((vector,),) = server.run(f"SELECT embedding::text FROM {table('images')} WHERE row = 7")
    np.testing.assert_allclose([float(one) for one in vector[1:-1].split(",")], vectors[7], atol=1e-3)


def test_what_is_copied_is_what_the_manual_says():
    assert pack(np.array([258]), np.array([3]), np.array([[1, -2]], np.float32)).hex(" ") == (
        "50 47 43 4f 50 59 0a ff 0d 0a 00 00 00 00 00 00 00 00 00 "
        "00 03 00 00 00 08 00 00 00 00 00 00 01 02 00 00 00 08 00 00 00 00 00 00 00 03 "
        "00 00 00 08 00 02 00 00 3c 00 c0 00 ff ff"
    )


# several at once, and those that end too early


def test_a_push_that_is_asked_to_stop_goes_on_later(server, vectors, monkeypatch):
    monkeypatch.setattr(_pushing, "BLOCK_ROWS", 200)
    keep(HERE, given("stopped", vectors), Stopping(2))
    assert served("stopped")[0].rows == 400
    own, exact = both("stopped", vectors)
    assert own.exact
    np.testing.assert_array_equal(own.search(vectors[:1], 9)[0], exact.search(vectors[:1], 9)[0])
    keep(HERE, given("stopped", vectors), Silent())
    assert served("stopped")[0].rows == ROWS
    assert not both("stopped", vectors)[0].exact


def test_writers_at_once_push_each_row_once(server, vectors, monkeypatch):
    monkeypatch.setattr(_pushing, "BLOCK_ROWS", 100)
    failed = []

    def run():
        try:
            keep(HERE, given("both", vectors), Silent())
        except Exception as error:  # told below
            failed.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert [row for (row,) in server.run(f"SELECT row FROM {table('both')} ORDER BY row")] == [*range(ROWS)]
    assert not both("both", vectors)[0].exact


PUSH = """
import sys, numpy as np
from pathlib import Path
from resight.progress import Silent
from resight.stores import Given
from resight.stores.pgvector import keep
class Saying(Silent):
    def step(self, failures=0):
        print("step", flush=True)
rows = np.load(sys.argv[1], mmap_mode="r")
print("begin", flush=True)
keep(Path("."), Given(sys.argv[2], 1, rows, np.empty(0, np.int64)), Saying())
print("done", flush=True)
"""


def start_pushing(path: Path, gallery: str) -> subprocess.Popen:
    run = subprocess.Popen(
        [sys.executable, "-c", PUSH, str(path), gallery],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert run.stdout is not None
    assert run.stdout.readline() == "begin\n"
    return run


def test_killed_clients_and_servers_leave_what_was_committed_and_the_next_push_goes_on(tmp_path):
    server = Postgres()
    before = os.environ.get("RESIGHT_PGVECTOR")
    os.environ["RESIGHT_PGVECTOR"] = server.address
    try:
        _kill_and_push_again(server, tmp_path, 10_000, 8, moments=4)
    finally:
        os.environ.pop("RESIGHT_PGVECTOR")
        if before is not None:
            os.environ["RESIGHT_PGVECTOR"] = before
        server.stop()


def _kill_and_push_again(server: Postgres, folder: Path, count: int, width: int, moments: int) -> None:
    rows = clustered(count, width)
    np.save(folder / "rows.npy", rows)
    chance, standing = random.Random(5), [0]
    for moment in range(moments):
        run = start_pushing(folder / "rows.npy", "killed")
        for _ in range(chance.randrange(3)):
            run.stdout.readline()
        time.sleep(chance.random() * 0.1)
        if moment % 3 == 2:
            server.kill()
            _, told = run.communicate(timeout=120)
            if run.returncode:
                assert "StoreFailed" in told
            server.start()
        else:
            run.send_signal(signal.SIGKILL)
            run.wait()
            run.stdout.close()
            run.stderr.close()
        standing += [each.rows for each in served("killed")]
    assert standing == sorted(standing)
    assert len({*standing}) > 2
    keep(HERE, given("killed", rows), Silent())
    assert [row for (row,) in server.run(f"SELECT row FROM {table('killed')} ORDER BY row")] == [
        *range(count)
    ]
    some = server.run(f"SELECT row, embedding::real[] FROM {table('killed')} WHERE row % 101 = 0")
    assert len(some) == len(rows[::101])
    for row, numbers in some:
        np.testing.assert_array_equal(np.array(numbers, np.float16), rows[row].astype(np.float16))
    own, exact = both("killed", rows)
    assert not own.exact
    found = 0
    for query in clustered(
        20, width, seed=3
    ):  # the graph finds nearly all, and what it finds is scored exactly
        near, scores = own.search(query[None], 10)
        np.testing.assert_allclose(scores, rows[near].astype(float) @ query.astype(float), atol=1e-6)
        found += len(np.intersect1d(near, exact.search(query[None], 10)[0]))
    assert found >= 0.98 * 200, f"{found} of 200; {own.about}"


@pytest.mark.soak
def test_200_000_rows_and_ten_kills(tmp_path, monkeypatch):
    server = Postgres()
    monkeypatch.setenv("RESIGHT_PGVECTOR", server.address)
    try:
        _kill_and_push_again(server, tmp_path, 200_000, 64, moments=10)
    finally:
        server.stop()


# a server that is not there


def test_a_server_that_goes_away_in_a_search_is_one_sentence(vectors, monkeypatch):
    server = Postgres()
    monkeypatch.setenv("RESIGHT_PGVECTOR", server.address)
    try:
        keep(HERE, given("gone", vectors), Silent())
        own, _ = both("gone", vectors)
        assert len(own.search(vectors[:1], 5)[0]) == 5
        server.kill()
        with pytest.raises(StoreFailed, match="does not answer") as caught:
            own.search(vectors[:1], 5)
        assert str(server.folder) not in str(caught.value)
        with pytest.raises(StoreFailed):
            keep(HERE, given("gone", vectors), Silent())
        server.start()  # connections that were kept are of the server before
        assert own.search(vectors[:1], 5)[0][0] == 0
    finally:
        server.stop()


def test_an_address_that_is_missing_or_no_address_is_told_without_its_password(monkeypatch, tmp_path):
    pytest.importorskip("psycopg")
    monkeypatch.delenv("RESIGHT_PGVECTOR", raising=False)
    with pytest.raises(StoreUnavailable, match="RESIGHT_PGVECTOR"):
        file.check()
    (tmp_path / "address").write_text("postgresql://me:secret@127.0.0.1:1/photos\n")
    monkeypatch.setenv("RESIGHT_PGVECTOR_FILE", str(tmp_path / "address"))
    with pytest.raises(StoreFailed, match=r"does not answer \(Connection refused\)") as caught:
        file.check()
    for address in ("host=localhost secret", "postgresql://me:secret@[::1/photos", "sslmode=secret host=x"):
        monkeypatch.setenv("RESIGHT_PGVECTOR", address)
        with pytest.raises((StoreUnavailable, StoreFailed)) as told:
            file.check()
        assert "secret" not in str(told.value) + str(caught.value)
    monkeypatch.delenv("RESIGHT_PGVECTOR")
    monkeypatch.setenv("RESIGHT_PGVECTOR_FILE", str(tmp_path / "none"))
    with pytest.raises(StoreUnavailable, match="No such file"):
        file.check()


def test_without_its_package_it_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreUnavailable, match=r"pip install 'resight\[pgvector\]'"):
        file.check()


@pytest.mark.parametrize(
    ("version", "good"), [("0.7.4", False), ("0.8.0", True), ("0.10", True), ("1.0", True)]
)
def test_an_older_pgvector_is_refused(version, good):
    if good:
        _check_version(version)
    else:
        with pytest.raises(StoreUnavailable, match=r"0\.8 or later"):
            _check_version(version)
