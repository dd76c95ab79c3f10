import threading

import numpy as np
import pytest

from resight.rerankers import _closest, _graph
from resight.rerankers._graph import neighbours
from support.photos import Album, random_album, unit

K = 5


@pytest.fixture(autouse=True)
def _nothing_in_memory(monkeypatch):
    _graph._kept.clear()
    monkeypatch.setattr(_closest, "ROWS", 64)  # many tiles


def slow(album, k):
    """The lists of each living row, one by one in float64: neighbours and similarities."""
    rows = np.flatnonzero(album.owners >= 0)
    near, similarities = np.full((len(rows), k), -1), np.full((len(rows), k), -np.inf)
    vectors = album.vectors[rows].astype(np.float64)
    for i, vector in enumerate(vectors):
        products = vectors @ vector
        products[i] = -np.inf
        order = np.argsort(-products, kind="stable")[: min(k, len(rows) - 1)]
        near[i, : len(order)], similarities[i, : len(order)] = order, products[order]
    return rows, near, similarities


def agree(graph, album, k=K):
    rows, near, similarities = slow(album, k)
    assert (graph.rows.dtype, graph.neighbours.dtype, graph.similarities.dtype) == ("i8", "i4", "f4")
    np.testing.assert_array_equal(graph.rows, rows)
    np.testing.assert_array_equal(graph.neighbours, near)
    np.testing.assert_allclose(graph.similarities, similarities, rtol=1e-6, atol=1e-6)


def whole(count, seed=0, dims=6):
    """Small whole numbers: products are exact in any order of adding, and many are equal."""
    return np.random.default_rng(seed).integers(-2, 3, (count, dims)).astype(np.float32)


@pytest.mark.parametrize("count", [0, 1, 2, 5, 6, 10, 63, 64, 65, 300])
def test_the_graph_is_that_of_the_slow_form(count):
    album = Album(unit(np.random.default_rng(count).normal(size=(count, 8))).reshape(-1, 8))
    agree(neighbours(album, K), album)


@pytest.mark.parametrize("k", [1, 7, 64, 299, 400])
def test_any_k_and_of_equal_neighbours_the_lower_row_first(k):
    album = Album(whole(300))
    agree(neighbours(album, k), album, k)


def test_rows_that_are_all_the_same_or_zero():
    for album in (Album(np.ones((200, 4))), Album(np.zeros((200, 4)))):
        agree(neighbours(album, K), album)


def test_dead_rows_are_nobodys_neighbours():
    album = random_album(200, regions=2, dead=100)
    agree(neighbours(album, K), album)


def test_wide_rows_come_in_smaller_blocks(monkeypatch):
    monkeypatch.setattr(_closest, "BYTES", 1)
    album = random_album(200)
    cut = _closest.blocks(np.arange(200, dtype=np.int32), *_graph._lists(200, K), width=8)
    assert [len(block.places) for block in cut] == [64, 64, 64, 8]
    agree(neighbours(album, K), album)


@pytest.mark.parametrize("seed", range(12))
def test_an_updated_graph_is_a_fresh_one(seed, tmp_path):
    random = np.random.default_rng(seed)
    vectors = whole(600, seed)
    owners = np.arange(600)
    count = int(random.integers(0, 300))
    for _ in range(6):
        count = min(600, count + int(random.choice([0, 1, 30, 150])))
        dying = random.random(count) < random.choice([0, 0.005, 0.05, 0.6])
        owners[:count][dying] = -1
        grown = Album(vectors[:count], owners[:count].copy(), folder=tmp_path, identity=f"album {seed}")
        if random.random() < 0.5:
            _graph._kept.clear()  # then the file is updated, else what is in memory
        updated = neighbours(grown, K)
        # whole numbers tie; of ties an update may keep others, but the similarities are the same to the bit
        fresh = neighbours(Album(vectors[:count], owners[:count].copy(), identity="fresh"), K)
        _graph._kept.pop(("fresh", None, K))
        np.testing.assert_array_equal(updated.rows, fresh.rows)
        np.testing.assert_array_equal(updated.similarities, fresh.similarities)
        np.testing.assert_array_equal(updated.neighbours, fresh.neighbours)


def test_an_updated_graph_of_real_numbers_agrees_with_the_slow_form():
    album = random_album(500, dims=16)
    owners = np.arange(500)
    for count, dead in ((300, []), (320, [5, 6, 7]), (500, [319, 0]), (500, [250])):
        owners[dead] = -1
        grown = Album(album.vectors[:count], owners[:count].copy(), identity="grows")
        agree(neighbours(grown, K), grown)


def test_rows_that_live_again_are_added_where_they_belong():
    album = random_album(100)
    owners = album.owners.copy()
    owners[[3, 50]] = -1
    before, after = (Album(album.vectors, each, identity="same") for each in (owners, album.owners))
    agree(neighbours(before, K), before)
    agree(neighbours(after, K), after)


class Counted(Album):
    """Notes which rows were asked for."""

    def take(self, rows):
        self.taken = getattr(self, "taken", 0) + len(rows)
        return super().take(rows)


def test_only_what_changed_is_compared(monkeypatch):
    vectors = random_album(400).vectors
    neighbours(Album(vectors[:399], identity="same"), K)
    grown = Counted(vectors, identity="same")
    agree(neighbours(grown, K), grown)
    assert grown.taken == 1 + 400  # the width, then the new row and all others once
    again = Counted(vectors, identity="same")
    assert neighbours(again, K) is neighbours(grown, K)
    assert not hasattr(again, "taken")


def test_the_file_spares_the_work(tmp_path):
    album = random_album(100, folder=tmp_path)
    made = neighbours(album, K)
    _graph._kept.clear()
    again = Counted(album.vectors, folder=tmp_path)
    read = neighbours(again, K)
    assert not hasattr(again, "taken")
    assert read is not made
    for name in ("rows", "neighbours", "similarities"):
        np.testing.assert_array_equal(getattr(read, name), getattr(made, name))
    assert [path.suffix for path in tmp_path.iterdir()] == [".safetensors"]


@pytest.mark.parametrize("at", [0, 5, 60, 300, 1500, -1])
def test_a_damaged_file_is_made_anew(tmp_path, at):
    album = random_album(100, folder=tmp_path)
    neighbours(album, K)
    (path,) = tmp_path.iterdir()
    good = path.read_bytes()
    for bad in (
        good[:at] + bytes([good[at] ^ 16]) + good[at:][1:],
        good[:at],
        b"",
        np.random.default_rng(0).bytes(500),
    ):
        path.write_bytes(bad)
        assert _graph._graph_file.read(album, K) is None
        _graph._kept.clear()
        agree(neighbours(album, K), album)
        assert _graph._graph_file.read(album, K) is not None  # written again


def test_a_file_of_another_gallery_or_of_another_form_is_made_anew(tmp_path):
    album, other = (random_album(100, seed=seed, folder=tmp_path) for seed in (0, 1))
    neighbours(other, K)
    (foreign,) = tmp_path.iterdir()
    neighbours(album, K)
    (path,) = set(tmp_path.iterdir()) - {foreign}
    foreign.replace(path)
    _graph._kept.clear()
    agree(neighbours(album, K), album)
    graph = neighbours(album, K)
    good = (graph.rows, graph.neighbours, graph.similarities)
    rows, near, similarities = good
    for bad in (
        (rows + 1, near, similarities),
        (rows[::-1].copy(), near, similarities),
        (rows, near + 1, similarities),
        (rows, near - 2, similarities),
        (rows, near.astype(np.int64), similarities),
        (rows, near[:, 1:].copy(), similarities[:, 1:].copy()),
        (rows[1:], near, similarities),
    ):
        _graph._graph_file.write(album, K, bad)
        assert _graph._graph_file.read(album, K) is None
    _graph._graph_file.write(album, K, good)
    assert _graph._graph_file.read(album, K) is not None


def test_a_folder_that_cannot_be_written_to_is_said_and_done_without(tmp_path):
    (tmp_path / "file").touch()
    album = random_album(50, folder=tmp_path / "file")
    with pytest.warns(UserWarning, match="cannot be kept"):
        graph = neighbours(album, K)
    agree(graph, album)


def test_a_long_graph_is_announced(monkeypatch):
    monkeypatch.setattr(_graph, "LONG", 90)
    with pytest.warns(UserWarning, match="Comparing 100 rows with 100 .* about 1 minute"):
        neighbours(random_album(100), K)


def test_few_graphs_stay_in_memory():
    for seed in range(9):
        neighbours(random_album(10, seed=seed), K)
    assert len(_graph._kept) == _graph.IN_MEMORY


def test_threads_get_one_graph():
    album, got = random_album(300), []
    threads = [threading.Thread(target=lambda: got.append(neighbours(album, K))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(graph) for graph in got}) == 1
    agree(got[0], album)
