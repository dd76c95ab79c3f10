"""Every store keeps one promise; so does one of plain lists, to be sure that it is a promise."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from resight import methods
from resight.errors import BadQuery, GalleryError
from resight.gallery import Gallery, Writer
from resight.searcher.following import follow
from resight.stores import State, Store, _exact
from support import small
from support.simple_store import SimpleStore

Make = Callable[[int, int], Store]
ROOM: dict[str, Make] = {name: methods.find("stores", name) for name in methods.names("stores")}
MAKERS = ROOM | {"simple": SimpleStore}
EXACT = [make for make in MAKERS.values() if make(1, 4).exact]


@pytest.fixture(params=MAKERS.values(), ids=MAKERS)
def make(request) -> Make:
    return request.param


def whole_numbers(random: np.random.Generator, count: int, width: int = 4) -> np.ndarray:
    """Small ones: scores are exact in any order of adding, and many are equal."""
    return random.integers(-2, 3, (count, width)).astype(np.float32)


def filled(make: Make, vectors: np.ndarray, owners: np.ndarray | None = None, blocks: int = 1) -> Store:
    """A store with these rows, added in so many blocks."""
    store = make(1, vectors.shape[1])
    owners = np.arange(len(vectors)) if owners is None else owners
    for rows in np.array_split(np.arange(len(vectors)), blocks):
        if len(rows):
            store.add(int(rows[0]), vectors[rows], lambda rows=rows: owners[rows])
    return store


def slow(vectors, query, k, deleted=(), allowed=None, owners=None) -> list[int]:
    """Every row in a loop, float64; equal scores in the order of the rows."""
    rows = [row for row in range(len(vectors)) if row not in deleted]
    if allowed is not None:
        rows = [row for row in rows if owners[row] in allowed]
    scored = [(max(float(vectors[row] @ one) for one in query), row) for row in rows]
    return [row for _, row in sorted(scored, key=lambda one: (-one[0], one[1]))[:k]]


def test_the_room_is_not_empty():
    assert {"memory-map", "faiss"} <= set(ROOM)
    assert all(make(1, 4).exact for make in (ROOM["memory-map"], SimpleStore))


@pytest.mark.parametrize("queries", [1, 3])
@pytest.mark.parametrize("make", EXACT)
def test_an_exact_store_gives_the_rows_and_the_order_of_a_sort(make, queries):
    for seed in range(40):
        random = np.random.default_rng(seed)
        count = int(random.integers(1, 120))
        vectors, query = whole_numbers(random, count), whole_numbers(random, queries)
        owners = random.integers(0, 9, count)
        deleted = np.flatnonzero(random.random(count) < 0.3) if seed % 2 else np.empty(0, np.int64)
        allowed = None if seed % 3 else np.flatnonzero(random.random(9) < 0.5)
        store = filled(make, vectors, owners, 1 + seed % 4)
        store.delete(random.permutation(deleted))
        k = int(random.integers(1, 2 * count + 1))
        rows, scores = store.search(query, k, allowed)
        assert rows.tolist() == slow(vectors, query, k, set(deleted), allowed, owners), f"seed {seed}"
        np.testing.assert_array_equal(scores, (vectors[rows] @ query.T).max(axis=1))
        for place, (rows, scores) in enumerate(store.search_each(query, [k, 1, 5][:queries], allowed)):
            own = slow(vectors, query[place : place + 1], [k, 1, 5][place], set(deleted), allowed, owners)
            assert rows.tolist() == own, f"seed {seed}"
            np.testing.assert_array_equal(scores, vectors[rows] @ query[place])


@pytest.mark.parametrize("block", [1, 100], ids="a {} byte block".format)
@pytest.mark.parametrize("queries", [1, 3])
def test_blocks_do_not_change_what_is_found(monkeypatch, block, queries):
    monkeypatch.setattr(_exact, "BLOCK_BYTES", block)
    test_an_exact_store_gives_the_rows_and_the_order_of_a_sort(ROOM["memory-map"], queries)


def test_deleted_rows_never_come_back(make):
    random = np.random.default_rng(0)
    vectors = whole_numbers(random, 60)
    store, deleted = filled(make, vectors[:40]), set()
    for rows in ([3], [0, 1, 2, 3, 39], list(range(20, 30))):
        store.delete(np.array(rows))
        deleted |= {*rows}
        found, _ = store.search(vectors[:1], 100)
        assert not deleted & {*found.tolist()}
        assert len(found) == 40 - len(deleted)
    store.add(40, vectors[40:], lambda: np.arange(40, 60))
    found, _ = store.search(vectors[:2], 100)
    assert {*found.tolist()} == set(range(60)) - deleted


def test_what_is_not_allowed_is_not_found(make):
    random = np.random.default_rng(1)
    vectors, owners = whole_numbers(random, 50), random.integers(0, 10, 50)
    store = filled(make, vectors, owners)
    for allowed in ([], [3], [2, 5, 7, 99]):
        found, _ = store.search(vectors[:1], 100, np.array(allowed, np.int64))
        assert {*found.tolist()} == {*np.flatnonzero(np.isin(owners, allowed)).tolist()}
    store.delete(np.flatnonzero(owners == 3)[:1])
    found, _ = store.search(vectors[:1], 100, np.array([3]))
    assert {*found.tolist()} == {*np.flatnonzero(owners == 3)[1:].tolist()}


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_rows_that_are_not_finite_are_refused(make, number):
    vectors = np.ones((5, 4), np.float32)
    store = filled(make, vectors)
    vectors[2, 1] = number
    with pytest.raises(GalleryError):
        store.add(5, vectors, lambda: np.arange(5))
    assert store.state == State(1, 5)
    for nothing in (vectors[2:3], vectors[:0]):
        with pytest.raises(BadQuery):
            store.search(nothing, 3)
    assert store.search(vectors[:1], 9)[0].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("k", [1, 5, 90, 200])
@pytest.mark.parametrize("name", ["memory-map", "faiss"])
def test_rows_of_a_damaged_file_that_are_not_finite_are_never_found(name, k, tmp_path):
    random = np.random.default_rng(2)
    rows = np.memmap(tmp_path / "rows", np.float32, "w+", shape=(100, 6))
    rows[:] = whole_numbers(random, 100, 6)
    rows[random.permutation(100)[:12]] = np.repeat([np.nan, np.inf, -np.inf], 4)[:, None]
    good = np.flatnonzero(np.isfinite(rows).all(axis=1))
    store = ROOM[name](1, 6)
    store.add(0, rows, lambda: np.arange(100))
    queries = whole_numbers(random, 3, 6)
    with np.errstate(invalid="ignore"):
        alone = [store.search(query[None], k)[0] for query in queries]
        together = store.search_each(queries, [k] * 3)
    for query, found, (each, _) in zip(queries, alone, together, strict=True):
        expected = [int(good[place]) for place in slow(np.array(rows[good]), query[None], k)]
        assert found.tolist() == each.tolist() == expected


def test_scores_are_dot_products_whatever_the_rows_are(make):
    random = np.random.default_rng(4)
    vectors = random.standard_normal((200, 7), np.float32)
    vectors[::2] /= np.linalg.norm(vectors[::2], axis=1, keepdims=True)
    vectors[3], vectors[5] = 0, 100 * vectors[5]
    store = filled(make, vectors, blocks=2)
    for k in (1, 10, 50, 200):
        for query in (vectors[:1], -vectors[5:6], random.standard_normal((4, 7), np.float32)):
            rows, scores = store.search(query, k)
            assert len(rows) == k
            np.testing.assert_allclose(scores, (vectors[rows] @ query.T).max(axis=1), rtol=1e-5, atol=1e-5)
            assert (np.diff(scores) <= 0).all()


def test_a_store_says_which_it_is(make):
    store = make(1, 4)
    assert store.exact == filled(make, np.eye(4, dtype=np.float32)).exact
    assert store.about


def test_equal_scores_are_ordered_by_row(make):
    vectors = np.tile(np.eye(4, dtype=np.float32), (30, 1))
    rows, scores = filled(make, vectors, blocks=3).search(vectors[1:2], 35)
    assert rows.tolist() == [*range(1, 120, 4), 0, 2, 3, 4, 6]
    assert scores.tolist() == [1.0] * 30 + [0.0] * 5


def test_asking_for_more_than_there_is_gives_what_there_is(make):
    vectors = np.eye(4, dtype=np.float32)
    store = filled(make, vectors)
    assert len(store.search(vectors, 10**9)[0]) == 4
    store.delete(np.arange(4))
    rows, scores = store.search(vectors, 3)
    assert rows.tolist() == scores.tolist() == []
    assert (rows.dtype, scores.dtype) == (np.int64, np.float32)
    empty = make(1, 4)
    assert empty.search(vectors[:1], 3)[0].tolist() == []
    assert empty.state == State(1, 0)


def test_rows_are_given_back_as_they_were_added(make):
    vectors = np.random.default_rng(2).standard_normal((30, 6), np.float32)
    store = filled(make, vectors, blocks=4)
    store.delete(np.array([4]))
    for rows in ([], [7], [3, 4, 5, 6], [29, 0, 4, 4], list(range(30))):
        taken = store.take(np.array(rows, np.int64))
        np.testing.assert_array_equal(taken, vectors[rows].reshape(len(rows), 6))
        taken[:] = 0
    np.testing.assert_array_equal(store.take(np.arange(30)), vectors)


def test_rows_must_follow_those_that_are_there(make):
    store = filled(make, np.ones((5, 4), np.float32))
    for first, width in ((4, 4), (6, 4), (5, 3)):
        with pytest.raises(GalleryError):
            store.add(first, np.ones((2, width), np.float32), lambda: np.arange(2))
    assert store.state == State(1, 5)


def test_scattered_deleted_rows_are_left_out():
    vectors = np.random.default_rng(0).standard_normal((100_000, 4), dtype=np.float32)
    store = filled(ROOM["memory-map"], vectors)
    store.delete(np.arange(0, 100_000, 2))
    rows, _ = store.search(vectors[1:2], 10)
    order = np.argsort(-(vectors @ vectors[1]), kind="stable")
    assert rows.tolist() == order[order % 2 == 1][:10].tolist()


# following a gallery


def refit(writer: Writer, random: np.random.Generator) -> None:
    number = writer.generations.start("refit", None, {})
    for image in writer.generations.waiting(number):
        writer.generations.put(number, image, small.random_descriptor(random, rows=2))
    writer.generations.switch(number)


def test_a_store_follows_a_gallery_and_is_made_anew_for_a_new_generation(make, tmp_path: Path):
    random = np.random.default_rng(0)
    with Writer(tmp_path / "g") as writer:
        writer.begin(tmp_path, small.recipe(small.PLAIN), "weights")
        with Gallery(tmp_path / "g") as gallery, gallery.snapshot() as snapshot:
            assert follow(None, snapshot, make).state == State(0, 0)
        store, made = None, []
        for turn in range(6):
            for i in range(5):
                small.add(writer, f"{turn}-{i}", random, rows=2)
            writer.commit()
            if turn:
                writer.forget_file(f"{turn - 1}-2")
                writer.drop_orphans()
            if turn == 3:
                refit(writer, random)
            with Gallery(tmp_path / "g") as gallery, gallery.snapshot() as snapshot:
                store = follow(store, snapshot, make)
                made += [store] if store not in made else []
                count = len(snapshot.vectors)
                assert store.state == State(snapshot.generation.number, count)
                owners = snapshot.rows.owners(count)
                found, _ = store.search(np.array(snapshot.vectors[:1]), 1000)
                assert sorted(found.tolist()) == np.flatnonzero(owners >= 0).tolist()
                np.testing.assert_array_equal(store.take(np.arange(count)), snapshot.vectors)
                query, anew = np.array(snapshot.vectors[3:5]), follow(None, snapshot, make)
                expected = slow(snapshot.vectors, query, 7, {*np.flatnonzero(owners < 0)})
                for each in (store, anew):
                    assert each.search(query, 7)[0].tolist() == expected
                images = np.unique(owners[owners > 0])[::2]
                assert {*owners[anew.search(query, 1000, images)[0]].tolist()} == {*images.tolist()}
    assert len(made) == 2


@pytest.mark.parametrize("small_kernels", [False, True])
@pytest.mark.parametrize("queries", [2, 3, 8, 9, 40])
@pytest.mark.parametrize("count", [0, 1, 255, 256, 700])
def test_narrow_products_are_right_whatever_the_matrix_library(monkeypatch, small_kernels, queries, count):
    monkeypatch.setattr(_exact, "has_small_kernels", lambda: small_kernels)
    random = np.random.default_rng(0)
    rows, columns = (
        random.standard_normal(shape, dtype=np.float32) for shape in ((count, 12), (12, queries))
    )
    found = _exact._products(rows, columns)
    assert (found.shape, found.dtype) == ((count, queries), np.float32)
    np.testing.assert_allclose(found, rows.astype(float) @ columns.astype(float), atol=1e-5)
