"""A gallery that is open while others write it, copy over it, or search it from other threads."""

import contextlib
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from resight.errors import GalleryError
from resight.gallery import Gallery, Snapshot, Writer, snapshot_of
from resight.gallery.rows import Rows
from resight.local_features import VERSION
from resight.searcher import Searcher, collection
from resight.searcher.collection import Collection
from resight.searcher.query import of_stored
from resight.searcher.reranking import reranked, rerankers
from resight.types import Box, Descriptor, Hit
from support import small

pytestmark = pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def made(folder: Path, rng: np.random.Generator, count: int, width: int = 1024) -> None:
    """A gallery of photos that were never files; its files of vectors and features have many pages."""
    with Writer(folder) as writer:
        writer.begin(folder.parent, small.recipe(small.PLAIN), "weights")
        writer.local.restart(VERSION)
        for i in range(count):
            small.add(writer, f"{i:03d}", rng, small.random_features(rng, 100), width=width)
        writer.commit()


# copies over an open gallery

CUT_BETWEEN_TWO_SEARCHES = """
import os, sys
import numpy as np
from resight.errors import GalleryError
from resight.gallery import Gallery, snapshot_of
from resight.searcher import Searcher
from resight.types import Descriptor

folder, name = sys.argv[1:]
with Gallery(folder) as gallery:
    searcher = Searcher(gallery)

    def features():
        with gallery.snapshot() as snapshot:
            return snapshot.local_features.of(50)

    with gallery.snapshot() as snapshot:
        query = Descriptor(np.ones((1, 1024), np.float32) / 32, None, snapshot.fingerprint)
    assert len(searcher.search(query, 100)) == 50
    assert features() is not None
    os.truncate(os.path.join(folder, name), 4096)
    for ask in (lambda: len(searcher.search(query, 100)), features):
        try:
            print(type(ask()).__name__)
        except GalleryError as error:
            print(error)
"""


@pytest.mark.parametrize("name", ["vectors-001.f32", "local-001.bin"])
def test_a_file_that_is_cut_short_under_an_open_gallery_is_an_error_and_no_end(name, tmp_path, rng):
    made(tmp_path / "g", rng, 50)
    run = subprocess.run(
        [sys.executable, "-c", CUT_BETWEEN_TWO_SEARCHES, str(tmp_path / "g"), name],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    searched, features = run.stdout.splitlines()
    told = f"{name} is missing or cut short: `resight verify --repair` forgets"
    if name.startswith("vectors"):
        assert searched.startswith(told)
    else:
        assert (searched, features[: len(told)]) == ("int", told)


# threads that search one opened gallery


def together(work: Callable[[int], Any], threads: int = 8) -> list[Any]:
    """What `work(number)` returns in each of so many threads, which begin at one moment."""
    begin = threading.Barrier(threads)

    def one(number: int) -> Any:
        begin.wait()
        return work(number)

    with ThreadPoolExecutor(threads) as pool:
        return [each.result() for each in [pool.submit(one, number) for number in range(threads)]]


@pytest.fixture(scope="module")
def album(tmp_path_factory) -> Path:
    """A gallery of 24 photos with local features, and a photo that is not in it."""
    root = tmp_path_factory.mktemp("album") / "photos"
    small.album(root, 24)
    small.index(root, small.KEEP, local_features=True)
    small.draw(root.parent / "query.png", 99)
    return root


WAYS: list[dict[str, Any]] = [
    {},
    {"under": "a"},
    {"box": Box(4, 4, 40, 30)},
    {"rerank": ["geometry:top=6"]},
    {"rerank": ["k-reciprocal"]},
    {"rerank": ["diffusion"]},
    {"rerank": ["mean-expansion", "geometry:top=3"]},
]


@pytest.mark.filterwarnings("ignore:The gallery stores")
def test_threads_over_one_opened_gallery_rank_as_one_thread_does(album):
    queries = [*sorted(album.rglob("*.png"))[::5], album.parent / "query.png"]
    asked = [(query, way) for query in queries for way in WAYS]

    def ranking(searcher: Searcher, query: Path, way: dict[str, Any]) -> list[tuple[str, float]]:
        return [(hit.relative, hit.score) for hit in searcher.search(query, 10, **way)]

    with Gallery(album / ".resight") as gallery:
        alone = [ranking(Searcher(gallery, "openvino"), *each) for each in asked]
        searcher = Searcher(gallery, "openvino")

        def work(number: int) -> list[list[tuple[str, float]]]:
            turned = asked[number:] + asked[:number]  # no two threads ask the same at the same time
            found = [ranking(searcher, *each) for each in turned]
            return found[len(asked) - number :] + found[: len(asked) - number]

        assert together(work) == [alone] * 8


MANY = pytest.mark.parametrize("each", [60, pytest.param(500, marks=pytest.mark.soak)])


@MANY
def test_searches_in_eight_threads_rank_as_one_thread_does(each, tmp_path, rng):
    made(tmp_path / "g", rng, 60, width=32)
    with Gallery(tmp_path / "g") as gallery:
        mark = small.fingerprint(gallery)
        queries = [Descriptor(small.random_descriptor(rng, 32).vectors, None, mark) for _ in range(50)]
        alone = [Searcher(gallery).search(query, 20) for query in queries]
        searcher = Searcher(gallery)

        def work(number: int) -> int:
            for turn in range(each):
                which = (7 * number + turn) % len(queries)  # no two threads ask the same at the same time
                assert searcher.search(queries[which], 20) == alone[which]
            return turn + 1

        assert sum(together(work)) == 8 * each


def test_after_many_searches_the_owners_of_rows_are_read_once_for_all_threads(tmp_path, rng, monkeypatch):
    made(tmp_path / "g", rng, 200, width=32)
    monkeypatch.setattr(collection, "FEW", 150)
    read = []
    whole = Rows.owners
    monkeypatch.setattr(Rows, "owners", lambda self, count: (read.append(count), whole(self, count))[1])
    with Gallery(tmp_path / "g") as gallery:
        query = Descriptor(small.random_descriptor(rng, 32).vectors, None, small.fingerprint(gallery))
        searcher = Searcher(gallery)
        first = searcher.search(query, 20)  # its tail is of 25 photos
        assert not read
        assert together(lambda number: [searcher.search(query, 20) for _ in range(9)]) == [[first] * 9] * 8
        assert read == [200]
        with Writer(tmp_path / "g") as writer:
            small.add(writer, "200", rng, small.random_features(rng, 100), width=32)
            writer.commit()
        assert len(searcher.search(query, 300)) == 201
        assert read == [200, 201]  # of more rows than are looked up


def test_threads_that_show_photos_see_what_one_thread_does(album):
    photos = sorted(album.rglob("*.png"))[:6]
    with Gallery(album / ".resight") as gallery:
        alone = [Searcher(gallery).show(photo).as_dict() for photo in photos]
        searcher = Searcher(gallery)
        assert together(lambda number: [searcher.show(photo).as_dict() for photo in photos]) == [alone] * 8


def test_threads_share_one_collection_of_a_gallery_at_rest(album):
    with snapshot_of(album / ".resight") as gallery:
        photos = Collection(gallery)
        images = sorted({image for _, image, _ in gallery.catalogue.files() if image})

        def work(number: int) -> list[tuple[list[int], bytes]]:
            found = []
            for image in images:
                query = of_stored(photos, gallery.catalogue.image(image))
                ranked = reranked(
                    photos.nearest(query.vectors, 9), query, photos, rerankers(["geometry:top=4"])
                )
                found.append((ranked.images.tolist(), photos.features([image])[0].points.tobytes()))
            return found

        alone = work(0)
        assert together(work) == [alone] * 8


class Turning:
    """Vectors that say which photo they are, and which generation made them: a mixture would show."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder, self.count = folder, count
        self.query = np.array([[1, 0]], np.float32)

    def row(self, i: int, turn: int) -> np.ndarray:
        angle = i / self.count + turn
        return np.array([[np.cos(angle), np.sin(angle)]], np.float32)

    def write(self, writer: Writer) -> None:
        for i in range(self.count):
            self.add(writer, i)
            if i % 7 == 6:
                writer.forget_file(f"{i - 3}")
                writer.drop_orphans()
            if i % 10 == 9:
                self.turn(writer, i)

    def add(self, writer: Writer, i: int) -> None:
        current = writer.committed.generation
        turn = current.provenance.get("turn", 0) if current else 0
        image = writer.add(i.to_bytes(32), (1, 1), Descriptor(self.row(i, turn), None, "none"), None)
        writer.set_file(f"{i}", 1, 1, image)
        writer.commit()

    def change(self, writer: Writer) -> None:
        """Add, remove, refit and compact, in turn."""
        for turn in (9, 19, 29, 39, 49):
            first = writer.catalogue.last_image
            for i in range(first, first + 3):
                self.add(writer, i)
            self.turn(writer, turn)
            writer.forget_file(f"{first}")
            writer.drop_orphans()
            self.compact(writer)

    def compact(self, writer: Writer) -> None:
        current = writer.committed.generation
        number = writer.generations.start("compact", None, current.provenance)
        for image in writer.generations.waiting(number):
            writer.generations.copy(image, number)
        writer.generations.switch(number)

    def turn(self, writer: Writer, turn: int) -> None:
        """Another generation, made as a fit makes one."""
        number = writer.generations.start("refit", None, {"turn": turn})
        for image in writer.generations.waiting(number):
            i = int.from_bytes(writer.catalogue.image(image).sha256)
            writer.generations.put(number, image, Descriptor(self.row(i, turn), None, "none"))
        writer.generations.switch(number)

    def of_one_generation(self, hits: Sequence[Hit]) -> bool:
        """Whether there is a generation in which all hits have their scores."""
        return any(
            all(abs(hit.score - float(self.row(int(hit.relative), turn)[0, 0])) < 1e-5 for hit in hits)
            for turn in [0, *range(9, self.count, 10)]
        )


@MANY
def test_searches_in_eight_threads_beside_a_writer_are_each_of_one_moment(each, tmp_path):
    turning, written = Turning(tmp_path / "g", 60), threading.Event()
    with Writer(turning.folder) as writer:
        writer.begin(tmp_path, small.recipe(small.PLAIN), "weights")
        turning.write(writer)
        with Gallery(turning.folder) as gallery:
            searcher, query = Searcher(gallery), Descriptor(turning.query, None, small.fingerprint(gallery))

            def work(number: int) -> int:
                searches = 0
                while searches < each or not written.is_set():
                    hits = searcher.search(query, 100).hits
                    assert turning.of_one_generation(hits), hits
                    assert len({hit.relative for hit in hits}) == len(hits) > 40
                    searches += 1
                return searches

            def write() -> None:
                try:
                    turning.change(writer)
                finally:
                    written.set()

            writing = threading.Thread(target=write)
            writing.start()
            searches = together(work)
            writing.join()
    assert sum(searches) >= 8 * each
    assert not small.damage(turning.folder)


def told(snapshot: Snapshot) -> tuple[Any, ...]:
    """All that a snapshot of photos without files says."""
    catalogue, files = snapshot.catalogue, list(snapshot.catalogue.files())
    images = [image for _, image, _ in files]
    return (
        snapshot.generation, snapshot.vectors.tobytes(), snapshot.deleted.tolist(), snapshot.fingerprint,
        files, catalogue.count(), catalogue.contents(), [catalogue.image(image) for image in images],
        [snapshot.rows.of(image) for image in images], snapshot.rows.owners(len(snapshot.vectors)).tolist(),
    )  # fmt: skip


def test_what_a_snapshot_says_does_not_change_while_it_lives(tmp_path):
    turning = Turning(tmp_path / "g", 20)
    with Writer(turning.folder) as writer, contextlib.ExitStack() as stack:
        writer.begin(tmp_path, small.recipe(small.PLAIN), "weights")
        turning.write(writer)
        gallery = stack.enter_context(Gallery(turning.folder))
        first = stack.enter_context(gallery.snapshot())
        before = told(first)
        turning.change(writer)
        second = stack.enter_context(gallery.snapshot())  # in the same thread, too
        after = told(second)
        turning.change(writer)
        assert told(first) == before
        assert told(second) == after != before
        with gallery.snapshot() as third:
            assert told(third) not in (before, after)
    for ended in (first, second, third):
        with pytest.raises(GalleryError, match="has ended"):
            ended.catalogue.count()


def test_threads_search_while_an_index_adds_photos(tmp_path):
    root, done = tmp_path / "photos", threading.Event()
    names = small.album(root, 12)
    small.index(root, small.FITTED)
    with Gallery(root / ".resight") as gallery:
        searcher = Searcher(gallery, "openvino")

        def work(number: int) -> set[int]:
            lengths = set()
            while not done.is_set() or max(lengths) < 60:
                hits = searcher.search(root / names[number], 100).hits
                assert hits[0].self
                assert len({hit.relative for hit in hits}) == len(hits)
                assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
                lengths.add(len(hits))
            return lengths

        def grow() -> None:
            try:
                for i in range(12, 60):
                    small.draw(root / "c" / f"{i}.png", i)
                    if i % 12 == 11:
                        small.index(root)
            finally:
                done.set()

        growing = threading.Thread(target=grow)
        growing.start()
        seen = together(work)
        growing.join()
    assert all({12, 60} & lengths for lengths in seen)


def test_a_gallery_that_was_closed_says_so_to_every_thread(album):
    gallery = Gallery(album / ".resight")
    searcher, photo = Searcher(gallery), next(album.rglob("*.png"))
    together(lambda number: searcher.search(photo))
    gallery.close()

    def work(number: int) -> str:
        with pytest.raises(GalleryError) as error:
            searcher.search(photo)
        return str(error.value)

    assert {*together(work)} == {"The gallery was closed: open it again to search it."}


def test_connections_of_threads_that_have_ended_serve_those_that_come(album, monkeypatch):
    opened = []
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **b: opened.append(a) or connect(*a, **b))
    with Gallery(album / ".resight") as gallery:
        searcher, photo = Searcher(gallery), next(album.rglob("*.png"))
        for _ in range(20):
            together(lambda number: searcher.search(photo), threads=3)
    assert len(opened) <= 3
