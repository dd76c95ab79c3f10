"""Photos in object storage: the gallery is that of a folder; what a network does to it is one sentence."""

import os
import pickle
import shutil
import sys
import threading
from pathlib import Path

import pytest

from resight import indexer
from resight.addresses import is_address
from resight.errors import (
    AddressUnavailable,
    BadImage,
    BadQuery,
    PhotosUnreachable,
    StorageFailed,
    TooMuchVanished,
)
from resight.gallery import Gallery, check, snapshot_of
from resight.images.excluding import Excluded
from resight.images.folder import Walk
from resight.indexer.walk import file_states
from resight.progress import Silent
from resight.roots import Folder, Objects, listing, root_at
from resight.searcher import Searcher
from support import small
from support.s3 import S3, SECRET, delete, put, put_folder

pytest.importorskip("fsspec", reason="fsspec is not installed: pip install 'resight[objects]'")
pytestmark = pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)
PHOTOS = 8
LARGER = 2 << 30  # bytes; more than a photo may have


@pytest.fixture(scope="module")
def album(tmp_path_factory) -> Path:
    """Photos in two folders, a copy, one that is broken, one that is empty, and what is passed over."""
    root = tmp_path_factory.mktemp("objects") / "album"
    names = small.album(root, PHOTOS)
    shutil.copy(root / names[0], root / "copy of Zoë #1?.png")
    (root / "broken.jpg").write_bytes(b"nothing")
    (root / "empty.jpg").write_bytes(b"")
    (root / "notes.txt").write_text("no photo")
    (root / "@eaDir" / "a").mkdir(parents=True)
    for hidden in ("@eaDir/a/thumb.png", "@eaDir/thumb.png", ".hidden.png"):
        (root / hidden).write_bytes(b"no photo")
    return root


@pytest.fixture(scope="module")
def local(album, tmp_path_factory) -> Path:
    """The gallery of the folder."""
    gallery = tmp_path_factory.mktemp("local") / "gallery"
    small.index(album, small.FITTED, gallery=gallery, local_features=True)
    return gallery


@pytest.fixture
def memory(album) -> str:
    """The same as objects of this process."""
    from fsspec.implementations.memory import MemoryFileSystem

    put_folder("memory://album/in", album)
    yield "memory://album/in"
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


@pytest.fixture(scope="module")
def s3():
    """A server, and an environment that leads clients to it."""
    server, before = S3(), dict(os.environ)
    os.environ.update(server.environment)
    yield server
    os.environ.clear()
    os.environ.update(before)
    server.stop()


@pytest.fixture
def bucket(s3, album, tmp_path) -> str:
    """The same as objects of the server."""
    from fsspec.core import url_to_fs

    name = f"bucket-{abs(hash(tmp_path)) % 10**9}"
    url_to_fs(f"s3://{name}")[0].mkdir(name)
    put_folder(f"s3://{name}/in", album)
    return f"s3://{name}/in"


class Stops(Silent):
    """Asks for an end, or does what it is told, after so many photos."""

    def __init__(self, after: int, do=None) -> None:
        self.left, self._do = after, do

    def step(self, failures: int = 0) -> None:
        self.left -= 1
        if self.left == 0 and self._do:
            self._do()

    def stopping(self) -> bool:
        return self.left <= 0 and self._do is None


def counts(report: indexer.Report) -> tuple[int, ...]:
    return report.photos, report.described, report.same, report.failed, report.skipped, report.system_folders


# the gallery


def check_like_a_folder(address: str, local: Path, gallery: Path) -> None:
    first = small.index(address, small.FITTED, gallery=gallery, local_features=True)
    assert counts(first) == (PHOTOS + 3, PHOTOS, 1, 2, 1, 1)
    small.assert_same(small.contents(local), small.contents(gallery))
    assert not small.damage(gallery)
    again = small.index(address, gallery=gallery)
    assert (again.unchanged, again.described, again.failed) == (PHOTOS + 3, 0, 0)
    with snapshot_of(gallery) as opened:
        assert list(check.verify(opened, contents=True)) == []
        assert opened.catalogue.root == str(opened.catalogue.photos) == address.rstrip("/")


def test_a_gallery_of_objects_in_memory_is_that_of_the_folder(memory, local, tmp_path):
    check_like_a_folder(memory, local, tmp_path / "gallery")


def test_a_gallery_of_a_bucket_is_that_of_the_folder(bucket, local, tmp_path):
    gallery = tmp_path / "gallery"
    check_like_a_folder(f"{bucket}/", local, gallery)
    for file in gallery.rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes()
    put(f"{bucket}/a/000.png", small.draw(tmp_path / "other.png", 77).read_bytes())
    put(f"{bucket}/a/moved.png", (tmp_path / "other.png").read_bytes())
    delete(f"{bucket}/b/001.png")
    with snapshot_of(gallery) as opened:
        told = [finding.what for finding in check.verify(opened)]
    assert told == ["a/000.png has changed", "b/001.png is gone"]
    after = small.index(bucket, gallery=gallery)
    assert (after.described, after.same, after.vanished) == (1, 1, 1)
    with Gallery(gallery) as opened:
        searcher = Searcher(opened, "openvino")
        first, *others = searcher.search(f"{bucket}/a/000.png", 3)
        assert (first.self, first.path, first.gone) == (True, f"{bucket}/a/000.png", False)
        assert others[0].relative == "a/moved.png"
        assert searcher.show(f"{bucket}/a/moved.png").image.files == ("a/000.png", "a/moved.png")
        with pytest.raises(BadQuery, match=r"none\.png cannot be read: there is nothing there"):
            searcher.search(f"{bucket}/none.png")
    assert indexer.remove(gallery, [f"{bucket}/a/moved.png", "b/*"]) == [
        "a/moved.png", *(f"b/{i:03d}.png" for i in range(3, PHOTOS, 2)),
    ]  # fmt: skip
    assert small.index(bucket, gallery=gallery).unchanged == PHOTOS + 3


def test_an_object_that_changes_and_keeps_its_size_is_described_again(memory, tmp_path):
    small.index(memory, small.PLAIN, gallery=tmp_path / "gallery")
    put(f"{memory}/broken.jpg", b"NOTHING")
    after = small.index(memory, gallery=tmp_path / "gallery")
    assert (after.failed, after.unchanged) == (1, PHOTOS + 2)


def test_photos_that_were_moved_into_a_bucket_are_not_described_again(album, memory, tmp_path):
    folder = shutil.copytree(album, tmp_path / "album")
    small.index(folder, small.PLAIN, gallery=tmp_path / "gallery")
    with pytest.raises(BadQuery, match="is of the folder"):
        small.index(memory, gallery=tmp_path / "gallery")
    shutil.rmtree(folder)
    after = small.index(memory, gallery=tmp_path / "gallery")
    assert (after.described, after.same, after.vanished) == (0, PHOTOS + 1, 0)


def test_shards_of_objects_are_merged_into_the_gallery_of_one_process(memory, local, tmp_path):
    gallery = tmp_path / "gallery"
    small.index(memory, small.FITTED, gallery=gallery, local_features=True, fit_only=True, sample=4)
    shards = [
        indexer.index_shard(memory, (k, 2), gallery, engine="openvino", workers=1).gallery for k in (1, 2)
    ]
    indexer.merge(gallery, shards)
    assert small.index(memory, gallery=gallery).unchanged == PHOTOS + 3
    assert small.contents(gallery).keys() == small.contents(local).keys()
    told = pickle.loads(pickle.dumps(root_at(memory)))
    assert (told, told.content("broken.jpg")) == (root_at(memory), b"nothing")


def test_a_fit_and_local_features_read_objects_again(memory, local, tmp_path):
    gallery = tmp_path / "gallery"
    small.index(memory, small.FITTED, gallery=gallery)
    assert indexer.fit(gallery, engine="openvino", workers=1) is not None
    assert small.index(memory, gallery=gallery, local_features=True).local_features == PHOTOS
    small.assert_same(small.contents(local), small.contents(gallery))


# what ends in the middle


def test_what_was_described_when_an_end_is_asked_for_is_not_described_again(memory, local, tmp_path):
    first = small.index(memory, small.PLAIN, gallery=tmp_path / "gallery", progress=Stops(3))
    second = small.index(memory, gallery=tmp_path / "gallery")
    assert first.interrupted
    assert 0 < first.described < PHOTOS
    assert first.described + second.described == PHOTOS
    assert small.contents(tmp_path / "gallery").keys() == small.contents(local).keys()


def test_a_server_that_goes_away_is_one_sentence_and_what_was_described_stays(bucket, s3, album, tmp_path):
    gallery, many = tmp_path / "gallery", tmp_path / "many"
    small.album(many, 30, seed=1)
    put_folder(bucket, many)
    with pytest.raises(PhotosUnreachable, match=r"cannot be read \(.+\): .*what was described stays") as told:
        small.index(bucket, small.PLAIN, gallery=gallery, progress=Stops(3, s3.stop))
    assert SECRET not in str(told.value)
    with snapshot_of(gallery) as opened:
        described = opened.catalogue.count()["images"]
    assert 3 <= described < 30
    with pytest.raises(PhotosUnreachable):
        small.index(bucket, gallery=gallery)
    s3.start()
    from fsspec.core import url_to_fs

    files, path = url_to_fs(bucket)
    files.mkdir(path.partition("/")[0])
    put_folder(bucket, album)
    put_folder(bucket, many)
    assert small.index(bucket, gallery=gallery).described == 30 + 1 - described  # and the copy in the album
    assert not small.damage(gallery)


def test_an_object_that_goes_while_others_are_read_fails_alone_and_is_forgotten_later(memory, tmp_path):
    gallery = tmp_path / "gallery"

    class Deletes(Silent):
        def start(self, what: str, total: int | None) -> None:
            if what == "Describing":
                delete(f"{memory}/b/001.png")

    report = small.index(memory, small.PLAIN, gallery=gallery, progress=Deletes())
    assert (report.described, report.failed) == (PHOTOS - 1, 3)
    assert small.contents(gallery)["b/001.png"] == ("cannot be read: there is nothing there",)
    assert small.index(memory, gallery=gallery).vanished == 1


def test_a_bucket_that_is_emptied_keeps_its_gallery(memory, tmp_path):
    from fsspec.implementations.memory import MemoryFileSystem

    gallery = tmp_path / "gallery"
    small.index(memory, small.PLAIN, gallery=gallery)
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]
    with pytest.raises(TooMuchVanished, match="look at the address, or say --prune"):
        small.index(memory, gallery=gallery)
    assert small.index(memory, gallery=gallery, prune=True).vanished == PHOTOS + 3


# listing and reading ahead


def test_objects_are_passed_over_as_files_are(album):
    exclude = Excluded(("b", "copy*"))
    found = [
        (path.relative_to(album).as_posix(), 1, 1) for path in sorted(album.rglob("*")) if path.is_file()
    ]
    walk, objects = Walk(album, None, exclude), listing.Listing(sorted([*found, ("a/", 0, 1)]), exclude)
    assert sorted(name for name, *_ in file_states(walk)) == [name for name, *_ in file_states(objects)]
    for one in ("skipped", "system_folders", "excluded"):
        assert getattr(walk, one) == getattr(objects, one) > 0


class Pages:
    """S3 with so many objects a page."""

    def __init__(self, keys: list[str], size: int) -> None:
        self.keys, self.size, self.asked = keys, size, 0

    def split_path(self, path: str):
        return *path.split("/", 1), None

    def call_s3(self, method: str, Bucket: str, Prefix: str, ContinuationToken: str = "0"):
        assert (method, Bucket, Prefix) == ("list_objects_v2", "bucket", "in/")
        self.asked, first = self.asked + 1, int(ContinuationToken)
        some = self.keys[first : first + self.size]
        page = {"Contents": [{"Key": f"in/{key}", "Size": 1, "ETag": '"1"'} for key in some]}
        more = first + self.size < len(self.keys)
        return page | {
            "IsTruncated": more,
            **({"NextContinuationToken": f"{first + self.size}"} if more else {}),
        }


def test_s3_is_listed_page_by_page():
    keys, files = [f"{i:03d}.jpg" for i in range(25)], Pages([f"{i:03d}.jpg" for i in range(25)], 10)
    listed = listing.found_in(files, "bucket/in")
    assert next(listed)[0] == "000.jpg"
    assert files.asked == 1
    assert [name for name, *_ in listed] == keys[1:]
    assert files.asked == 3


def test_contents_are_read_ahead_in_several_threads_and_handed_out_in_order(memory):
    root, together = Objects(memory), threading.Barrier(2, timeout=20)
    names = [f"{'ab'[i % 2]}/{i:03d}.png" for i in range(PHOTOS)]
    read = Objects._read

    class Watched(Objects):
        def _read(self, relative, state):
            if relative in names[:2]:
                together.wait()  # the second is asked for before the first is there
            return read(self, relative, state)

    watched = Watched(memory)
    got = [watched.content(name) for name in watched.coming(names, lambda name: (name, root.state(name)))]
    assert got == [root.content(name) for name in names]
    assert watched._ahead._bytes == 0


def test_the_last_ones_are_read_although_they_are_taken_late(memory):
    begin, read = threading.Event(), Objects._read

    class Slow(Objects):
        def _read(self, relative, state):
            assert begin.wait(20)
            return read(self, relative, state)

    root, names = Slow(f"{memory}/late"), [f"{number}.jpg" for number in range(24)]
    for name in names:
        put(f"{memory}/late/{name}", name.encode())
    assert list(root.coming(names, lambda name: (name, (5, 1)))) == names
    begin.set()
    assert [root.content(name) for name in names] == [name.encode() for name in names]


def test_what_is_too_large_is_neither_read_nor_read_ahead(memory):
    root = Objects(memory)
    (name,) = root.coming(["a/000.png"], lambda name: (name, (LARGER, 1)))
    assert root._ahead._coming == {}
    with pytest.raises(BadImage, match=r"2\.0 GiB is over the limit"):
        root.content(name)


# addresses


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("s3://me:secret@bucket/in", "A password in an address"),
        ("https://host/in?token=secret", "A password in an address"),
        ("simplecache::s3://bucket/in", "chain of addresses"),
        ("file:///photos", r"on this machine: name it by its path, /photos\."),
        ("s3://", "names no bucket"),
    ],
)
def test_an_address_that_is_none_is_refused_without_its_password(address, why, tmp_path):
    assert is_address(address)
    with pytest.raises(BadQuery, match=why) as told:
        indexer.index(address, tmp_path / "gallery")
    assert "secret" not in str(told.value)
    assert not (tmp_path / "gallery").exists()


def test_a_path_is_a_folder_and_a_gallery_is_no_object(memory, tmp_path, monkeypatch):
    assert root_at("photos://b") != root_at("photos:") == Folder(Path("photos:"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadQuery, match="name it with --gallery"):
        indexer.index(memory)
    with pytest.raises(BadQuery, match="A gallery lies in a folder of this machine"):
        indexer.index(memory, "memory://gallery")
    with pytest.raises(BadQuery, match=r"There is nothing at memory://none/in\."):
        indexer.index("memory://none/in", "gallery")
    assert os.listdir(tmp_path) == []


def test_a_missing_package_and_an_unknown_kind_are_said(tmp_path, monkeypatch):
    with pytest.raises(AddressUnavailable, match="knows no addresses of the kind xyz://"):
        indexer.index("xyz://bucket/in", tmp_path / "gallery")
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(AddressUnavailable, match=r"pip install 'resight\[objects\]'"):
        indexer.index("memory://bucket/other", tmp_path / "gallery")


def test_verbs_that_read_folders_alone_refuse_an_address(memory, local, tmp_path):
    from resight.datasets import open_dataset
    from resight.evaluator.preparing import describe_photos

    with pytest.raises(BadQuery, match="A data set lies in a folder of this machine"):
        open_dataset(memory)
    gallery = tmp_path / "gallery"
    small.index(memory, small.PLAIN, gallery=gallery)
    small.album(tmp_path / "set", 4)
    with pytest.raises(BadQuery, match="What is ranked in an evaluation lies in a folder"):
        describe_photos(small.recipe(small.PLAIN), open_dataset(str(tmp_path / "set")), distractors=[gallery])


def test_the_service_gives_away_what_was_indexed_and_takes_no_new_photo(memory, tmp_path):
    pytest.importorskip("fastapi", reason="the service is an extra: pip install 'resight[serve]'")
    from resight.serving.galleries import Served
    from resight.serving.originals import read_original
    from resight.serving.problems import Problem, problem_of
    from resight.serving.writing import folder_of_photos

    small.index(memory, small.PLAIN, gallery=tmp_path / "gallery")
    served = Served("album", tmp_path / "gallery")
    with served.snapshot() as snapshot:
        image = snapshot.catalogue.image(snapshot.catalogue.image_of("b/001.png"))
    assert read_original(served.photos, image) == root_at(memory).content("b/001.png")
    put(f"{memory}/b/001.png", b"another")
    with pytest.raises(Problem, match="gone, or has changed"):
        read_original(served.photos, image)
    with pytest.raises(Problem, match="in object storage: put new ones there"):
        folder_of_photos(served)
    problem = problem_of(PhotosUnreachable(f"The photos at {memory} are away."), served.secrets)
    assert (problem.status, problem.detail) == (503, "The photos at album are away.")
    served.close()


def test_a_page_of_hits_shows_objects(memory, tmp_path):
    from resight.pages.ranking import write_report

    small.index(memory, small.PLAIN, gallery=tmp_path / "gallery")
    with Gallery(tmp_path / "gallery") as opened:
        ranking = Searcher(opened, "openvino").search(f"{memory}/a/000.png", 4)
    write_report(tmp_path / "page.html", ranking, f"{memory}/a/000.png")
    assert (tmp_path / "page.html").read_text().count("data:image/jpeg") == 5
    with pytest.raises(StorageFailed):
        write_report(tmp_path / "none" / "page.html", ranking, f"{memory}/a/000.png")
