"""The store that keeps inverted lists: what they name is compared exactly, and damage costs only speed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from resight import methods
from resight.errors import BadSetting, StoreUnavailable, UnknownMethod
from resight.progress import Silent
from resight.stores import AUTO, Given, Store, choose
from resight.stores import _list_file as files
from resight.stores._coding import count_lists
from resight.stores._list_file import find_lists
from resight.stores.faiss import AUTO_FROM, SHARE, check, faiss, keep
from resight.stores.memory_map import memory_map
from support.rows import WIDTH, clustered

pytest.importorskip("faiss", reason="faiss-cpu is not installed: pip install 'resight[faiss]'")
ROWS = 4000
NONE = np.empty(0, np.int64)


class Telling(Silent):
    def __init__(self):
        self.told = []

    def say(self, sentence):
        self.told.append(sentence)


def given(vectors: np.ndarray, deleted: np.ndarray = NONE, gallery: str = "g", generation: int = 1) -> Given:
    return Given(gallery, generation, vectors, deleted)


def filled(store: Store, vectors: np.ndarray, owners: np.ndarray | None = None) -> Store:
    owners = np.arange(len(vectors)) if owners is None else owners
    store.add(0, vectors, lambda: owners)
    return store


def both(folder: Path, vectors: np.ndarray, owners=None, recall: float = 0.99) -> tuple[Store, Store]:
    """The store with the lists of a folder, and the exact one."""
    own = filled(faiss(1, vectors.shape[1], folder, "g", recall=recall), vectors, owners)
    return own, filled(memory_map(1, vectors.shape[1]), vectors, owners)


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    return clustered(ROWS)


@pytest.fixture(scope="module")
def kept(vectors, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("kept")
    keep(folder, given(vectors), Silent())
    return folder


@pytest.fixture
def folder(kept, tmp_path) -> Path:
    """A folder with lists that a test may damage."""
    return Path(shutil.copytree(kept, tmp_path / "own"))


def lists_in(folder: Path) -> Path:
    (path,) = folder.glob("lists-*.faiss")
    return path


def in_a_file(vectors: np.ndarray, folder: Path) -> np.memmap:
    vectors.tofile(folder / "rows.f32")
    return np.memmap(folder / "rows.f32", "<f4", "r", shape=vectors.shape)


# what it finds


@pytest.mark.parametrize("k", [1, 10, 100])
def test_it_finds_what_it_says_that_it_finds(kept, vectors, k):
    own, exact = both(kept, vectors)
    assert not own.exact
    found = total = 0
    for query in clustered(60, seed=7):
        right, _ = exact.search(query[None], k)
        rows, scores = own.search(query[None], k)
        found, total = found + len(np.intersect1d(rows, right)), total + k
        np.testing.assert_array_equal(scores, np.sort(scores)[::-1])
        np.testing.assert_allclose(scores, vectors[rows].astype(float) @ query.astype(float), atol=1e-6)
        assert len(set(rows.tolist())) == k
    assert found / total > 0.97, own.about


def test_more_lists_are_asked_where_more_is_wanted(kept):
    (low, _), (high, _) = (both(kept, clustered(ROWS), recall=recall) for recall in (0.5, 0.99))
    points = find_lists(kept, "g", 1).about.points
    assert [point.lists for point in points] == sorted({point.lists for point in points})
    assert points[0].recall < 0.95
    assert low.about != high.about
    assert filled(faiss(1, WIDTH, kept, "g", recall=1.1), clustered(ROWS)).exact  # nothing finds that much


def test_what_it_says_is_measured_on_rows_of_its_own(kept, vectors):
    opened = find_lists(kept, "g", 1)
    point = next(point for point in opened.about.points if point.recall >= 0.9)
    random, found = np.random.default_rng(5), []
    for row in random.choice(ROWS, 200, replace=False):
        right = np.argsort(-(vectors @ vectors[row]))[:100]
        _, named = opened.lists.search(vectors[row][None], point.lists, 100 * point.factor)
        found.append(np.isin(right, named).mean())
    assert np.mean(found) == pytest.approx(point.recall, abs=0.03)


def test_any_number_may_be_asked_for(kept, vectors):
    own, exact = both(kept, vectors)
    query = clustered(1, seed=3)
    for k in (0, 1, 16, 17, 40, 41, 300, ROWS // 8 + 1, ROWS, 10 * ROWS):
        rows, scores = own.search(query, k)
        assert len(rows) == len(scores) == min(k, ROWS)
        assert rows.min(initial=0) >= 0
        assert (rows.dtype, scores.dtype) == (np.int64, np.float32)
    np.testing.assert_array_equal(own.search(query, ROWS)[0], exact.search(query, ROWS)[0])


def test_several_queries_find_the_largest_of_their_products(kept, vectors):
    own, exact = both(kept, vectors)
    queries = clustered(8, seed=4)
    rows, scores = own.search(queries, 50)
    right, best = exact.search(queries, 50)
    assert len(np.intersect1d(rows, right)) >= 48
    np.testing.assert_allclose(scores, (vectors[rows] @ queries.T).max(axis=1), atol=1e-6)
    assert scores[0] == pytest.approx(best[0], abs=1e-6)


def test_several_queries_each_by_itself_are_asked_as_deep_as_the_deepest(kept, vectors):
    """One of them cannot be asked of the lists: its rows are compared."""
    store, exact = both(kept, vectors)
    queries = np.stack([vectors[7], np.zeros(WIDTH, np.float32), vectors[90]])
    for (rows, scores), query, k in zip(
        store.search_each(queries, [5, 3, 40]), queries, [5, 3, 40], strict=True
    ):
        expected, theirs = store.search(query[None], 40)
        np.testing.assert_array_equal(rows, expected[:k])
        np.testing.assert_allclose(scores, theirs[:k], atol=1e-6)
    allowed = np.arange(0, ROWS, 2)
    each = store.search_each(queries[:1], [5], allowed)[0][0]
    assert each.tolist() == exact.search(queries[:1], 5, allowed)[0].tolist()


@pytest.mark.parametrize("length", [1e-4, 3.0, 1e4])
def test_the_length_of_a_query_changes_scores_alone(kept, vectors, length):
    own, _ = both(kept, vectors)
    query = clustered(1, seed=5)
    rows, scores = own.search(query, 20)
    longer, products = own.search(query * np.float32(length), 20)
    np.testing.assert_array_equal(longer, rows)
    np.testing.assert_allclose(products, scores * length, rtol=1e-5)


def test_a_query_of_zeros_is_as_near_to_all(kept, vectors):
    own, _ = both(kept, vectors)
    assert own.search(np.zeros((1, WIDTH), np.float32), 5)[0].tolist() == [0, 1, 2, 3, 4]


def test_equal_rows_come_in_their_order_however_many_there_are(tmp_path, vectors):
    vectors = vectors.copy()
    same = np.sort(np.random.default_rng(0).choice(ROWS, 700, replace=False))
    vectors[same] = vectors[same[0]]
    keep(tmp_path, given(vectors), Silent())
    own, _ = both(tmp_path, vectors)
    assert not own.exact
    assert own.search(vectors[same[:1]], 100)[0].tolist() == same[:100].tolist()


# which rows may be found


def test_deleted_rows_never_come_back_and_others_take_their_place(kept, vectors):
    own, exact = both(kept, vectors)
    query = clustered(1, seed=9)
    for _ in range(4):
        nearest, _ = own.search(query, 40)
        for store in (own, exact):
            store.delete(nearest[::-1])
        rows, _ = own.search(query, 40)
        assert len(rows) == 40
        assert not np.isin(rows, nearest).any()
    assert np.isin(own.search(query, 40)[0], exact.search(query, 40)[0]).mean() > 0.95
    own.delete(np.arange(ROWS - 3))
    assert sorted(own.search(query, 40)[0].tolist()) == [ROWS - 3, ROWS - 2, ROWS - 1]


@pytest.mark.parametrize("share", [0.001, 0.01, 0.2, 0.6, 1.0])
def test_what_is_not_allowed_is_not_found_and_the_rest_fills_up(kept, vectors, share):
    owners = np.random.default_rng(2).permutation(ROWS) // 2  # an image has two rows
    own, exact = both(kept, vectors, owners)
    allowed = np.arange(max(1, int(share * ROWS / 2)))
    for query in clustered(10, seed=11):
        rows, _ = own.search(query[None], 10, allowed)
        assert len(rows) == min(10, 2 * len(allowed))
        assert np.isin(owners[rows], allowed).all()
        assert len(np.intersect1d(rows, exact.search(query[None], 10, allowed)[0])) >= 0.8 * len(rows)


def test_rows_that_are_zero_longer_or_no_numbers(tmp_path, vectors):
    vectors = vectors.copy()
    vectors[10], vectors[20], vectors[30, 3], vectors[40] = 0, 3 * vectors[20], np.nan, np.nan
    rows = in_a_file(vectors, tmp_path)
    keep(tmp_path, given(rows), Silent())
    own, exact = both(tmp_path, rows)
    assert not own.exact
    found, scores = own.search(rows[20:21] / 3, 100)
    assert (found[0], scores[0]) == (20, pytest.approx(3, abs=1e-5))
    assert np.isfinite(scores).all()
    assert not np.isin([10, 30, 40], found).any()
    for k in (5, ROWS):
        np.testing.assert_array_equal(own.search(rows[20:21], k)[0][:1], [20])
    everything = own.search(rows[:1], ROWS)[0]
    np.testing.assert_array_equal(everything, exact.search(rows[:1], ROWS)[0])
    assert len(everything) == ROWS - 2
    far = -np.nanmean(vectors, axis=0)[None]  # most products are below the zero row's
    assert (10 in own.search(far, 900)[0]) == (10 in exact.search(far, 900)[0])


@pytest.mark.parametrize("width", [1, 2, 7, 257, 2100])
def test_rows_of_any_width(tmp_path, width):
    rows = clustered(2000, width)
    keep(tmp_path, given(rows), Silent())
    own, exact = both(tmp_path, rows, recall=0.9)
    for query in clustered(5, width, seed=1):
        _, scores = own.search(query[None], 3)
        np.testing.assert_allclose(scores, exact.search(query[None], 3)[1], atol=0.1)


# following a gallery


def test_rows_that_came_later_are_found_at_once(kept):
    vectors = clustered(ROWS + 500)
    own, _ = both(kept, vectors)
    assert f"{ROWS:,} of {ROWS + 500:,} rows" in own.about
    for row in (ROWS, ROWS + 250, ROWS + 499):
        assert own.search(vectors[row : row + 1], 1)[0].tolist() == [row]
    owners = np.arange(ROWS + 500)
    own, _ = both(kept, vectors, owners)
    own.delete(np.array([ROWS]))
    assert ROWS not in own.search(vectors[ROWS : ROWS + 1], 50)[0]
    most = np.arange(1000, ROWS + 400)
    rows, _ = own.search(vectors[ROWS + 399 : ROWS + 400], 50, most)
    assert rows[0] == ROWS + 399
    assert rows.max() < ROWS + 400


def test_rows_are_added_to_lists_that_stay_as_they_are(folder):
    vectors = clustered(ROWS + 500)
    before = find_lists(folder, "g", 1)
    keep(folder, given(vectors[: ROWS + 50]), Silent())
    assert lists_in(folder) == before.path  # so few are compared one by one
    deleted = np.arange(50, 60)
    keep(folder, given(vectors, deleted), Silent())
    after = find_lists(folder, "g", 1)
    assert (after.about.rows, after.about.trained_on) == (ROWS + 500, ROWS)
    np.testing.assert_array_equal(after.lists.coding.centroids, before.lists.coding.centroids)
    assert after.is_whole()
    assert lists_in(folder) == after.path
    own, _ = both(folder, vectors)
    own.delete(deleted)
    for row in (0, 45, 61, ROWS - 1, ROWS, ROWS + 499):  # nothing has shifted
        assert own.search(vectors[row : row + 1], 1)[0].tolist() == [row]


def test_lists_are_made_anew_once_the_rows_are_four_times_as_many(tmp_path):
    vectors = clustered(4000)
    for rows, trained_on in ((500, 500), (1900, 500), (2000, 2000), (4000, 2000)):
        keep(tmp_path, given(vectors[:rows]), Silent())
        assert find_lists(tmp_path, "g", 1).about.trained_on == trained_on


def test_lists_of_other_rows_are_not_used(kept, vectors, folder):
    assert find_lists(kept, "h", 1) is None
    assert find_lists(kept, "g", 2) is None
    assert filled(faiss(2, WIDTH, kept, "g"), vectors).exact
    others = clustered(ROWS, seed=8)
    assert filled(faiss(1, WIDTH, kept, "g"), others).exact
    keep(folder, given(others), Silent())
    own, exact = both(folder, others)
    assert not own.exact
    np.testing.assert_array_equal(own.search(others[5:6], 10)[0], exact.search(others[5:6], 10)[0])


def test_an_older_snapshot_has_none_of_the_rows_that_came_since(kept, vectors):
    own, _ = both(kept, vectors[: ROWS - 1000])
    for row in range(ROWS - 20, ROWS):
        assert own.search(vectors[row : row + 1], 30)[0].max() < ROWS - 1000


def test_too_few_rows_and_rows_that_are_all_alike_have_no_lists(tmp_path, vectors):
    telling = Telling()
    keep(tmp_path, given(vectors[:40]), telling)
    assert "fewer than" in telling.told[0]
    keep(tmp_path, given(np.zeros((3000, WIDTH), np.float32)), telling)
    assert not [*tmp_path.glob("lists-*.faiss")]
    own, _ = both(tmp_path, vectors[:40])
    assert own.exact
    assert len(own.search(vectors[:1], 10)[0]) == 10
    same = np.tile(vectors[:1], (3000, 1))
    keep(tmp_path, given(same), Silent())
    own, _ = both(tmp_path, same)
    assert own.search(vectors[:1], 10)[0].tolist() == [*range(10)]


def test_the_number_of_lists_grows_with_the_root_of_the_rows():
    assert [count_lists(rows) for rows in (0, 1, 100, 10_000, 1_000_000, 10**9)] == [1, 1, 6, 512, 4096, 8192]


# files that are damaged, and builders that are killed


def damage(path: Path, at: int, data: bytes = b"\xff\x00\xff\x00") -> None:
    with path.open("r+b") as file:
        file.seek(at if at >= 0 else path.stat().st_size + at)
        file.write(data)
    os.utime(path, ns=(time.time_ns(), time.time_ns()))


@pytest.mark.parametrize("share", [0, 0.2, 0.5, 0.9, 0.9999])
def test_a_file_that_was_cut_short_is_not_used_and_made_anew(folder, vectors, share):
    path = lists_in(folder)
    os.truncate(path, int(share * path.stat().st_size))
    own, exact = both(folder, vectors)
    assert own.exact
    assert "every row is compared" in own.about
    np.testing.assert_array_equal(own.search(vectors[:1], 9)[0], exact.search(vectors[:1], 9)[0])
    if share == 0.5:
        keep(folder, given(vectors), Silent())
        assert not filled(faiss(1, WIDTH, folder, "g"), vectors).exact


@pytest.mark.parametrize("at", [0, 16, 3000, -5, -20, -200])
def test_a_file_whose_head_or_end_was_damaged_is_not_used(folder, vectors, at):
    damage(lists_in(folder), at)
    assert filled(faiss(1, WIDTH, folder, "g"), vectors).exact


def test_damaged_lists_cost_hits_and_nothing_else_until_they_are_made_anew(folder, vectors):
    opened = find_lists(folder, "g", 1)
    for at in range(opened.about.begins + 64, opened.about.ends - 8, 997):
        damage(opened.path, at)
    own, _ = both(folder, vectors)
    for query in clustered(20, seed=2):
        rows, scores = own.search(query[None], 10)
        assert len(rows) == len({*rows.tolist()}) == 10
        np.testing.assert_allclose(scores, vectors[rows] @ query, atol=1e-6)
    damaged = find_lists(folder, "g", 1)
    assert damaged is None or not damaged.is_whole()
    keep(folder, given(vectors), Silent())
    assert find_lists(folder, "g", 1).is_whole()


def test_a_search_that_has_the_file_keeps_it(folder, vectors):
    own, _ = both(folder, vectors)
    before = own.search(vectors[:1], 20)[0]
    lists_in(folder).unlink()
    np.testing.assert_array_equal(own.search(vectors[:1], 20)[0], before)


BUILD = """
import sys, numpy as np
from pathlib import Path
from resight.progress import Silent
from resight.stores import Given
from resight.stores.faiss import keep
class Saying(Silent):
    def start(self, what, total):
        print(what, flush=True)
    def step(self, failures=0):
        print("step", flush=True)
rows = np.load(sys.argv[2])
keep(Path(sys.argv[1]), Given("g", 1, rows, np.empty(0, np.int64)), Saying())
print("done", flush=True)
"""


@pytest.mark.parametrize("moment", ["Training", "Filling", "step", "Measuring", "writing"])
def test_a_builder_that_is_killed_leaves_an_exact_search_and_the_next_one_builds(tmp_path, vectors, moment):
    np.save(tmp_path / "rows.npy", vectors)
    folder = tmp_path / "g"
    folder.mkdir()
    run = subprocess.Popen(
        [sys.executable, "-c", BUILD, str(folder), str(tmp_path / "rows.npy")],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert run.stdout is not None
    if moment == "writing":
        while run.poll() is None and not [*folder.glob("lists-*")][:2][1:]:
            time.sleep(0.001)
    else:
        next(line for line in run.stdout if line.startswith(moment))
    run.send_signal(signal.SIGKILL)
    run.wait()
    run.stdout.close()
    own, exact = both(folder, vectors)
    np.testing.assert_array_equal(own.search(vectors[:1], 1)[0], exact.search(vectors[:1], 1)[0])
    if moment != "writing":
        assert own.exact
    (folder / "lists-001-9.faiss.0a1b2c3d.unfinished").write_bytes(b"half")
    if moment == "Filling":
        keep(folder, given(vectors), Silent())
        assert sorted(path.suffix for path in folder.iterdir()) == [".faiss", ".lock"]
        assert not both(folder, vectors)[0].exact


def test_one_process_builds_and_another_leaves_it_to_that(folder, vectors):
    more, telling = clustered(3 * ROWS), Telling()
    with FileLock(folder / "lists.lock"):
        keep(folder, given(more), telling)
        assert telling.told == ["Another process is making the index of this gallery: it is left to that."]
        assert not both(folder, more)[0].exact  # with the lists as they were
    assert find_lists(folder, "g", 1).about.rows == ROWS


def test_a_builder_that_is_asked_to_stop_changes_nothing(folder, vectors):
    class Stopping(Silent):
        def stopping(self):
            return True

    before = sorted(folder.iterdir())
    keep(folder, given(clustered(3 * ROWS)), Stopping())
    keep(folder, given(clustered(9 * ROWS)), Stopping())
    assert sorted(folder.iterdir()) == before
    assert find_lists(folder, "g", 1).about.rows == ROWS


def test_threads_may_search_at_once(kept, vectors):
    own, _ = both(kept, vectors)
    queries = clustered(40, seed=6)
    alone = [own.search(query[None], 10)[0].tolist() for query in queries]
    with ThreadPoolExecutor(8) as pool:
        together = pool.map(lambda query: own.search(query[None], 10)[0].tolist(), queries)
        assert [*together] == alone


# which store is chosen


def test_a_large_gallery_has_lists_unless_it_was_told_otherwise():
    assert choose(AUTO, AUTO_FROM - 1).name == "memory-map"
    assert choose(AUTO, AUTO_FROM).name == "faiss"
    assert choose("memory-map", AUTO_FROM).name == "memory-map"
    assert choose("faiss:recall=0.9", 3).settings == {"recall": 0.9, "share": SHARE}
    with pytest.raises(UnknownMethod, match="fais"):
        choose("fais", 3)
    with pytest.raises(BadSetting):
        choose("faiss:depth=3", 3)


def test_without_its_package_it_is_refused_and_not_chosen(monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(StoreUnavailable, match=r"pip install 'resight\[faiss\]'"):
        check()
    assert choose(AUTO, AUTO_FROM).name == "memory-map"
    assert filled(methods.find("stores", "faiss")(1, WIDTH), clustered(10)).exact


def test_what_is_measured_is_of_rows_that_can_be_found(tmp_path, vectors):
    deleted = np.arange(0, ROWS, 3)
    keep(tmp_path, given(vectors, deleted), Silent())
    opened = find_lists(tmp_path, "g", 1)
    assert len(opened.lists) == ROWS - len(deleted)
    assert opened.about.points[-1].recall > 0.95


def test_lists_that_lead_out_of_the_file_are_not_opened(folder, vectors):
    opened = find_lists(folder, "g", 1)
    data = bytearray(opened.path.read_bytes())
    coding, about = opened.lists.coding, opened.about
    at = len(files.MAGIC) + coding.centroids.nbytes + coding.codebooks.nbytes
    for column, value in ((0, 1 << 40), (1, 1 << 50), (2, about.ends), (2, (1 << 64) - 64)):
        changed = bytearray(data)
        changed[at + 8 * column : at + 8 * column + 8] = value.to_bytes(8, "little")
        told = json.loads(data[about.ends : -files.END.size])
        told["head_crc"] = zlib.crc32(changed[: about.begins])
        text = json.dumps(told).encode()
        end = files.END.pack(len(text), zlib.crc32(text), files.MAGIC)
        opened.path.write_bytes(bytes(changed[: about.ends]) + text + end)
        assert filled(faiss(1, WIDTH, folder, "g"), vectors).exact
