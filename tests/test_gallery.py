"""What is written is read again, by readers beside the writer, and what is damaged is found and put right."""

import hashlib
import os
import shutil
import sqlite3
import threading
from pathlib import Path

import numpy as np
import pytest

from resight import indexer
from resight.errors import (
    DescribedOtherwise,
    GalleryError,
    GalleryLocked,
    NoGallery,
    NotFitted,
    StorageFailed,
)
from resight.gallery import Gallery, Snapshot, Writer, check, database, find_gallery, parameters, snapshot_of
from resight.gallery.records import StoredFile, StoredRows
from resight.gallery.repair import repair as put_right
from resight.gallery.transaction import Transaction
from resight.local_features import VERSION
from resight.progress import Silent
from resight.ranking import LocalFeatures
from resight.searcher import Searcher
from resight.types import Descriptor, Pooled, Prepared
from support import small


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def begun(folder: Path, values: dict | None = None) -> Writer:
    writer = Writer(folder)
    writer.begin(folder.parent, small.recipe(values or small.PLAIN), "weights")
    return writer


def filled(folder: Path, names: str, rng: np.random.Generator, **more) -> Writer:
    writer = begun(folder)
    for name in names:
        small.add(writer, name, rng, **more)
    writer.commit()
    return writer


def pooled(rng: np.random.Generator) -> Prepared:
    views = [rng.standard_normal((3, 5)).astype(np.float32), np.ones((1, 5), np.float32)]
    return Prepared((tuple((Pooled(rows),) for rows in views),))


# rows


def test_what_was_added_is_read_again(tmp_path, rng):
    described = small.random_descriptor(rng, rows=3)
    with begun(tmp_path / "g") as writer:
        image = writer.add(b"c" * 32, (640, 480), described, None)
        writer.set_file("x/ü.jpg", 7, 8, image)
        writer.set_file("bad.jpg", 1, 2, failure="not a photo")
        writer.commit()
    with snapshot_of(tmp_path / "g") as gallery:
        np.testing.assert_array_equal(gallery.vectors, described.vectors)
        assert gallery.catalogue.image(image).files == ("x/ü.jpg",)
        assert (gallery.catalogue.image(image).width, gallery.catalogue.image(image).height) == (640, 480)
        assert gallery.catalogue.file("x/ü.jpg") == StoredFile(image, 7, 8)
        assert gallery.catalogue.image_of("x/ü.jpg") == image
        assert gallery.catalogue.image_of("bad.jpg") is None
        assert gallery.catalogue.image_of_content(b"c" * 32) == image
        assert [gallery.rows.owner(row) for row in range(4)] == [image, image, image, -1]
        assert gallery.rows.of(image) == StoredRows(0, 3, described.regions)
        assert gallery.rows.of(image + 1) == StoredRows(0, 0, None)
        assert gallery.catalogue.count() == {"images": 1, "files": 1, "failures": 1, "vectors": 3}
        assert gallery.catalogue.root == tmp_path
        assert gallery.recipe == small.recipe(small.PLAIN)


def test_nothing_that_was_not_committed_is_seen(tmp_path, rng):
    with filled(tmp_path / "g", "ab", rng) as writer:
        small.add(writer, "c", rng)
        assert small.contents(tmp_path / "g").keys() == {"a", "b"}
    assert small.contents(tmp_path / "g").keys() == {"a", "b"}


def test_names_that_are_not_text_are_kept_as_bytes(tmp_path, rng):
    name = os.fsdecode(b"a\xff\xfe.jpg")
    with filled(tmp_path / "g", "b", rng) as writer:
        small.add(writer, "x", rng)
        image = writer.find_content(hashlib.sha256(b"x").digest())
        writer.set_file(name, 1, 1, image)
        writer.commit()
        assert writer.catalogue.files_of(image) == [name, "x"]
        assert writer.changes([(name, 1, 1), ("b", 1, 1)]).vanished([]) == ["x"]
        assert writer.changes([(name, 2, 1), ("b", 1, 1)]).to_read(False) == [name]
        writer.forget_file(name)
        writer.commit()
        assert writer.catalogue.files_of(image) == ["x"]


def test_pooled_vectors_are_kept(tmp_path, rng):
    wanted = pooled(rng)
    with begun(tmp_path / "g") as writer:
        first = writer.add(b"1" * 32, (1, 1), None, wanted)
        writer.add(b"2" * 32, (1, 1), None, pooled(rng))
        writer.commit()
        writer.fit_sample.rewrite()
        writer.commit()
    with snapshot_of(tmp_path / "g") as gallery:
        assert len(gallery.fit_sample.images()) == 2
        ((_, found),) = gallery.fit_sample.prepared([first])
        for layers, others in zip(found.parts[0], wanted.parts[0], strict=True):
            np.testing.assert_array_equal(layers[0].rows, others[0].rows)


# one writer, many readers


def test_a_second_writer_in_the_same_process_is_refused(tmp_path, rng):
    with filled(tmp_path / "g", "a", rng), pytest.raises(GalleryLocked, match="wait until it has finished"):
        Writer(tmp_path / "g")
    Writer(tmp_path / "g").close()


def test_a_reader_follows_without_reading_again_what_it_knows(tmp_path, rng, monkeypatch):
    opened = small.watch_connections(monkeypatch)
    with filled(tmp_path / "g", "abc", rng) as writer, Gallery(tmp_path / "g") as gallery:
        asked: list[str] = []
        opened[-1].set_trace_callback(asked.append)
        with gallery.snapshot() as snapshot:
            before = snapshot.vectors
        small.add(writer, "d", rng)
        writer.forget_file("a")
        writer.drop_orphans()
        for _ in range(2):
            with gallery.snapshot() as snapshot:
                assert (len(before), len(snapshot.vectors)) == (3, 4)
                assert snapshot.deleted.tolist() == [0]
                vectors = snapshot.vectors
        with gallery.snapshot() as snapshot:
            assert snapshot.vectors is vectors  # nothing new: not even mapped anew
        assert not [question for question in asked if "descriptors" in question or "files" in question]


class Turning:
    """Photos whose vectors say which photo they are, and which generation made them: a mixture would show."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder, self.stop, self.wrong = folder, threading.Event(), []
        self.contents = [hashlib.sha256(b"%d" % i).digest() for i in range(count)]
        self.looks = 0

    def row(self, i: int, turn: int) -> np.ndarray:
        angle = i / len(self.contents) + turn
        return np.array([[np.cos(angle), np.sin(angle)]], np.float32)

    def write(self, writer: Writer) -> None:
        for i, content in enumerate(self.contents):
            turn = writer.committed.generation.provenance.get("turn", 0) if writer.committed.generation else 0
            image = writer.add(content, (1, 1), Descriptor(self.row(i, turn), None, "none"), None)
            writer.set_file(f"{i}", 1, 1, image)
            writer.commit()
            if i % 7 == 6:
                writer.forget_file(f"{i - 3}")
                writer.drop_orphans()
            if i % 5 == 4:
                number = writer.generations.start("refit", None, {"turn": i})
                for each in writer.generations.waiting(number):
                    found = self.contents.index(writer.catalogue.image(each).sha256)
                    writer.generations.put(number, each, Descriptor(self.row(found, i), None, "none"))
                writer.generations.switch(number)

    def read(self) -> None:
        try:
            with Gallery(self.folder) as gallery:
                while not self.stop.is_set():
                    with gallery.snapshot() as snapshot:
                        self.look(snapshot)
                    self.search(gallery)
        except BaseException as error:
            self.wrong.append(error)

    def look(self, snapshot: Snapshot) -> None:
        turn = snapshot.generation.provenance.get("turn", 0) if snapshot.generation else 0
        deleted, count = set(snapshot.deleted.tolist()), len(snapshot.vectors)
        owners = [snapshot.rows.owner(row) for row in range(count)]
        if owners != snapshot.rows.owners(count).tolist():
            self.wrong.append("owners one by one are not those of all rows")
        for row, owner in enumerate(owners):
            if (owner < 0) != (row in deleted):
                self.wrong.append(f"row {row} is deleted and has an owner, or neither")
            elif owner >= 0:
                i = self.contents.index(snapshot.catalogue.image(owner).sha256)
                if not np.array_equal(snapshot.vectors[row : row + 1], self.row(i, turn)):
                    self.wrong.append(f"row {row} is of another photo or generation")
        self.looks += 1

    def search(self, gallery: Gallery) -> None:
        query = Descriptor(self.row(0, 0), None, small.fingerprint(gallery))
        try:
            hits = Searcher(gallery).search(query, 100)
        except NotFitted:  # nothing is committed yet
            return
        turns = [0, *range(4, len(self.contents), 5)]
        if not any(
            all(
                abs(hit.score - float(self.row(int(hit.relative), turn)[0] @ query.vectors[0])) < 1e-5
                for hit in hits
            )
            for turn in turns
        ):
            self.wrong.append(f"{hits} have the scores of no one generation")


def test_a_reader_is_never_wrong_while_a_writer_works(tmp_path):
    turning = Turning(tmp_path / "g", 80)
    threads = [threading.Thread(target=turning.read) for _ in range(2)]
    with begun(turning.folder) as writer:
        try:
            for thread in threads:
                thread.start()
            turning.write(writer)
        finally:
            turning.stop.set()
            for thread in threads:
                thread.join()
    assert not turning.wrong
    assert turning.looks > 5
    assert not small.damage(turning.folder)


def test_a_failed_open_leaves_no_lock(tmp_path):
    (tmp_path / "g").mkdir()
    (tmp_path / "g" / database.NAME).write_bytes(b"no catalogue" * 1000)
    for _ in range(2):
        with pytest.raises(GalleryError, match="cannot be read"):
            Writer(tmp_path / "g")
        with pytest.raises(GalleryError, match="cannot be read"):
            Gallery(tmp_path / "g")


# places


def test_a_gallery_that_was_never_begun_is_none(tmp_path):
    with pytest.raises(NoGallery):
        Gallery(tmp_path / "g")
    Writer(tmp_path / "g").close()
    for opened in (lambda: Gallery(tmp_path / "g"), lambda: Writer(tmp_path / "g", must_exist=True)):
        with pytest.raises(NoGallery, match="make one with `resight index`"):
            opened()
    begun(tmp_path / "g").close()
    Gallery(tmp_path / "g").close()


def test_a_catalogue_whose_tables_were_never_made_is_none(tmp_path):
    (tmp_path / "g").mkdir()
    sqlite3.connect(tmp_path / "g" / database.NAME).close()
    (tmp_path / "g" / database.NAME).touch()
    with pytest.raises(NoGallery):
        Gallery(tmp_path / "g")
    begun(tmp_path / "g").close()


def test_another_format_is_refused(tmp_path):
    begun(tmp_path / "g").close()
    small.execute(tmp_path / "g", "UPDATE facts SET value = 2 WHERE key = 'format'")
    with pytest.raises(GalleryError, match=r"has format 2; .*: index the photos into a new gallery"):
        Gallery(tmp_path / "g")
    small.execute(tmp_path / "g", "UPDATE facts SET value = 99 WHERE key = 'format'")
    with pytest.raises(GalleryError, match=r"has format 99; .* format 4: install a newer Resight"):
        Gallery(tmp_path / "g")


def test_the_nearest_gallery_upward_is_found_from_here_then_from_the_photo(tmp_path, monkeypatch):
    monkeypatch.delenv("RESIGHT_GALLERY", raising=False)
    for folder in ("a/b", "other/c"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    photo = tmp_path / "other" / "c" / "x.jpg"
    with pytest.raises(NoGallery, match="RESIGHT_GALLERY"):
        find_gallery(None, photo)
    begun(tmp_path / "other" / ".resight").close()
    assert find_gallery(None, photo) == tmp_path / "other" / ".resight"
    with pytest.raises(NoGallery):
        find_gallery()
    assert find_gallery(tmp_path / "other") == tmp_path / "other" / ".resight"
    monkeypatch.setenv("RESIGHT_GALLERY", str(tmp_path / "named"))
    assert find_gallery(None, photo) == tmp_path / "named"
    begun(tmp_path / ".resight").close()
    assert find_gallery(None, photo) == find_gallery() == tmp_path / ".resight"
    assert find_gallery(tmp_path / "named") == tmp_path / "named"


def test_a_moved_folder_is_still_valid(tmp_path, rng):
    filled(tmp_path / "old" / ".resight", "ab", rng).close()
    (tmp_path / "old").rename(tmp_path / "new")
    with snapshot_of(tmp_path / "new" / ".resight") as gallery:
        assert gallery.catalogue.root == tmp_path / "new"
    assert not small.damage(tmp_path / "new" / ".resight")


def test_a_gallery_that_cannot_be_written_to_is_searched(tmp_path, rng, monkeypatch):
    folder = tmp_path / "g"
    filled(folder, "ab", rng).close()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert not any(name.endswith(("-wal", "-shm")) for name in before)
    folder.chmod(0o555)
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)  # for root, who may do everything
    with Gallery(folder) as gallery:
        with gallery.snapshot() as snapshot:
            query = Descriptor(np.array(snapshot.vectors[:1]), None, snapshot.fingerprint)
        hits = Searcher(gallery).search(query, 2)
        assert [hit.relative for hit in hits] == ["a", "b"]
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    folder.chmod(0o755)


def test_a_gallery_that_only_others_write_to_is_followed(tmp_path, rng, monkeypatch):
    folder = tmp_path / "g"
    filled(folder, "ab", rng).close()
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with Gallery(folder) as gallery:
        with Writer(folder) as writer:
            small.add(writer, "c", rng)
            writer.commit()
            with gallery.snapshot() as snapshot:
                assert snapshot.catalogue.count()["files"] == 3
        with snapshot_of(folder) as late:
            assert late.catalogue.count()["files"] == 3
        with Writer(folder) as writer:
            writer.forget_file("a")
            writer.drop_orphans()
            writer.generations.switch(writer.generations.start("compact", None, {}))
        with gallery.snapshot() as snapshot:
            assert snapshot.catalogue.count() == {"images": 2, "files": 2, "failures": 0, "vectors": 0}
    with Gallery(folder), Writer(folder) as writer:
        writer.vacuum()
        small.add(writer, "d", rng)
        writer.commit()
    with Gallery(folder) as gallery:
        Writer(folder).close()
        with gallery.snapshot() as snapshot:
            assert snapshot.catalogue.count()["files"] == 3


def test_a_folder_that_cannot_be_written_to_is_no_place_for_a_gallery(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailed, match="name another with --gallery"):
        Writer(tmp_path / "file")
    with pytest.raises(StorageFailed, match="name another with --gallery"):
        Writer(tmp_path / "file" / "g")


# generations


def test_files_of_an_old_generation_go_at_the_next_open(tmp_path, rng):
    filled(tmp_path / "g", "ab", rng).close()
    for name in ("vectors-000.f32", "vectors-009.f32", "kept-007.f32", "parameters-x.safetensors.unfinished"):
        (tmp_path / "g" / name).write_bytes(b"left over")
    Writer(tmp_path / "g").close()
    left = {path.name for path in (tmp_path / "g").iterdir()}
    assert left == {"catalogue.sqlite", "vectors-001.f32", "writer.lock"}


def test_a_fit_that_was_begun_waits_while_a_refit_is_forgotten(tmp_path, rng):
    with filled(tmp_path / "g", "abc", rng) as writer:
        for purpose in ("refit", "fit"):
            number = writer.generations.start(purpose, None, {})
            for image in writer.generations.waiting(number)[:2]:
                writer.generations.copy(image, number)
            writer.commit()
    with Writer(tmp_path / "g") as writer:
        assert writer.generations.unfinished("refit") is None
        assert writer.generations.unfinished("fit").number == number
        assert writer.generations.waiting(number) == [3]
        writer.forget_file("a")
        writer.drop_orphans()
        assert writer.generations.waiting(number) == [3]
    with pytest.raises(GalleryError, match="end it with `resight fit`"):
        indexer.compact(tmp_path / "g")
    with Writer(tmp_path / "g") as writer:
        writer.generations.copy(3, number)
        writer.generations.switch(number)
    assert small.contents(tmp_path / "g").keys() == {"b", "c"}
    assert not small.damage(tmp_path / "g")
    with snapshot_of(tmp_path / "g") as gallery:
        assert len(gallery.vectors) == 3
        assert gallery.deleted.tolist() == [0]


def test_the_first_photo_is_never_committed_in_part(tmp_path, rng):
    """The commit that begins the first generation holds no image yet."""
    with begun(tmp_path / "g") as writer:
        writer.add(b"c" * 32, (1, 1), small.random_descriptor(rng), None)
    with Writer(tmp_path / "g") as writer:
        assert writer.find_content(b"c" * 32) is None


# damage


def test_a_flipped_bit_is_found_and_repaired(tmp_path, rng):
    filled(tmp_path / "g", "abc", rng).close()
    path = tmp_path / "g" / "vectors-001.f32"
    data = bytearray(path.read_bytes())
    data[16 + 3] ^= 64
    path.write_bytes(data)
    (finding,) = small.damage(tmp_path / "g")
    assert finding.kind == "vectors"
    assert finding.what == "the descriptor of b is not what was written"
    with pytest.raises(GalleryError, match="damaged: run `resight verify --repair`"):
        indexer.compact(tmp_path / "g")
    repair(tmp_path / "g", 1)
    assert small.contents(tmp_path / "g").keys() == {"a", "c"}
    indexer.compact(tmp_path / "g")
    assert not small.damage(tmp_path / "g")


@pytest.mark.parametrize("length", [None, 0, 15, 33])
def test_a_file_of_vectors_that_is_cut_short_is_refused_then_repaired(length, tmp_path, rng):
    folder = tmp_path / "g"
    filled(folder, "abc", rng).close()
    path = folder / "vectors-001.f32"
    path.unlink() if length is None else os.truncate(path, length)
    asked = pytest.raises(GalleryError, match="cut short: `resight verify --repair`")
    with Gallery(folder) as gallery, asked:
        Searcher(gallery).search(Descriptor(np.ones((1, 4), np.float32), None, "none"))
    with Writer(folder) as writer, pytest.raises(GalleryError, match="cut short"):
        small.add(writer, "d", rng)
    with pytest.raises(GalleryError, match="cut short"):
        indexer.compact(folder)
    lost = 3 - (length or 0) // 16
    assert len(small.damage(folder)) == lost
    repair(folder, lost)
    assert len(small.contents(folder)) == 3 - lost
    with Writer(folder) as writer:
        for name in "abcd":
            small.add(writer, name, rng)
        writer.commit()
    assert len(small.contents(folder)) == 4
    assert not small.damage(folder)


@pytest.mark.parametrize("length", [None, 0, 83])
def test_pooled_vectors_that_are_cut_short_are_found_and_repaired(length, tmp_path, rng):
    folder = tmp_path / "g"
    with begun(folder) as writer:
        for i in range(2):
            image = writer.add(bytes([i]) * 32, (1, 1), small.random_descriptor(rng), pooled(rng))
            writer.set_file(f"{i}", 1, 1, image)
        writer.commit()
    path = folder / "kept-001.f32"
    path.unlink() if length is None else os.truncate(path, length)
    assert {finding.kind for finding in small.damage(folder)} == {"kept"}
    repair(folder, 2)
    with Writer(folder) as writer:
        image = writer.add(b"x" * 32, (1, 1), small.random_descriptor(rng), pooled(rng))
        writer.set_file("x", 1, 1, image)
        writer.commit()
        assert [
            number for number, _ in writer.committed.fit_sample.prepared(writer.committed.fit_sample.images())
        ] == [image]
    assert not small.damage(folder)


def test_pooled_vectors_that_changed_are_not_fitted_on(tmp_path, rng):
    with begun(tmp_path / "g") as writer:
        image = writer.add(b"x" * 32, (1, 1), None, pooled(rng))
        writer.commit()
        path = tmp_path / "g" / "kept-001.f32"
        path.write_bytes(b"\1" + path.read_bytes()[1:])
        with pytest.raises(GalleryError, match="verify --repair"):
            list(writer.committed.fit_sample.prepared([image]))


def test_a_photo_without_a_descriptor_is_found(tmp_path, rng):
    with filled(tmp_path / "g", "ab", rng):
        small.execute(tmp_path / "g", "DELETE FROM descriptors WHERE image = 2")
    found = small.damage(tmp_path / "g")
    assert [finding.what for finding in found if finding.image] == ["b has no descriptor"]


def test_a_damaged_catalogue_is_said_in_a_sentence(tmp_path, rng):
    filled(tmp_path / "g", [f"{i}" for i in range(500)], rng).close()
    path = tmp_path / "g" / database.NAME
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 8192] = b"\xee" * 8192
    path.write_bytes(data)
    assert small.damage(tmp_path / "g")[0].kind == "catalogue"


def repair(folder: Path, count: int) -> None:
    with snapshot_of(folder, damaged=True) as gallery:
        found = list(check.verify(gallery))
    with Writer(folder) as writer:
        assert put_right(writer, found) == count
    assert not small.damage(folder)


# what descriptors must carry


def test_a_query_of_another_fingerprint_is_refused_with_advice(tmp_path, rng):
    filled(tmp_path / "g", "ab", rng).close()
    with (
        Gallery(tmp_path / "g") as gallery,
        pytest.raises(DescribedOtherwise, match="the gallery's own recipe"),
    ):
        Searcher(gallery).search(small.random_descriptor(rng))


# scale


def test_every_question_of_an_update_goes_through_an_index(tmp_path, rng, monkeypatch):
    opened = small.watch_connections(monkeypatch)
    with filled(tmp_path / "g", "abc", rng) as writer:
        asked: list[str] = []
        opened[0].set_trace_callback(asked.append)
        changes = writer.changes([("a", 1, 1), ("b", 1, 2)])
        changes.to_read(True)
        changes.vanished([])
        writer.forget_file("a")
        writer.drop_orphans()
        opened[0].set_trace_callback(None)
        for question in asked:
            if not question.startswith(("SELECT", "DELETE", "INSERT")):
                continue
            plan = opened[0].execute(f"EXPLAIN QUERY PLAN {question}").fetchall()
            steps = [step for *_, step in plan]
            scans = [step for step in steps if step.startswith("SCAN") and "CONSTANT" not in step]
            assert len(scans) <= 1, (question, steps)
            assert not any("AUTOMATIC" in step or "TEMP B-TREE" in step for step in steps), (question, steps)


def test_nothing_grows_with_a_gallery_that_is_written_anew(tmp_path, rng, monkeypatch):
    monkeypatch.setattr(indexer.housekeeping, "COMMIT_EVERY", 10)
    names = [f"{i:03d}" for i in range(100)]
    filled(tmp_path / "g", names, rng).close()
    most, commit = [], Transaction.commit

    def watched(work: Transaction) -> bool:
        most.append(len(work))
        return commit(work)

    monkeypatch.setattr(Transaction, "commit", watched)
    indexer.compact(tmp_path / "g")
    indexer.remove(tmp_path / "g", ["*"])
    assert max(most) < 25


def test_a_copy_of_a_gallery_is_a_gallery(tmp_path, rng):
    filled(tmp_path / "g", "ab", rng).close()
    shutil.copytree(tmp_path / "g", tmp_path / "h")
    small.assert_same(small.contents(tmp_path / "g"), small.contents(tmp_path / "h"))


# local features


def with_features(folder: Path, names: str, rng: np.random.Generator) -> dict[str, LocalFeatures]:
    """A gallery whose photos have 1, 2, 3 ... local features of any bytes."""
    made = {name: small.random_features(rng, count) for count, name in enumerate(names, 1)}
    with begun(folder) as writer:
        writer.local.restart(VERSION)
        for name, features in made.items():
            small.add(writer, name, rng, features)
        writer.commit()
    return made


def assert_stored(folder: Path, made: dict[str, LocalFeatures]) -> None:
    with snapshot_of(folder) as gallery:
        for name, features in made.items():
            found = gallery.local_features.of(gallery.catalogue.image_of(name))
            assert found.points.tobytes() == features.points.tobytes()
            assert found.descriptors.tobytes() == features.descriptors.tobytes()
            assert (found.points.dtype, found.descriptors.dtype) == (np.float32, np.uint8)
            assert found.points.flags["C_CONTIGUOUS"]
            assert found.descriptors.flags["C_CONTIGUOUS"]


def test_local_features_are_stored_byte_by_byte_whatever_the_bytes_say(tmp_path, rng):
    made = with_features(tmp_path / "g", "ab", rng)
    odd = np.array(
        [0x7FA00001, 0xFFC12345, 0x7F800001, 0x80000000, 1, 0xFF800000], "<u4"
    )  # signalling NaN ...
    descriptors = np.frombuffer(np.tile(odd, 64).tobytes(), np.uint8).reshape(-1, 128)
    made["odd"] = LocalFeatures(np.resize(odd, 24).view("<f4").reshape(12, 2), descriptors)
    made["none"] = small.random_features(rng, 0)
    with Writer(tmp_path / "g") as writer:
        small.add(writer, "odd", rng, made["odd"])
        small.add(writer, "none", rng, made["none"])
        writer.commit()
    assert_stored(tmp_path / "g", made)
    indexer.remove(tmp_path / "g", ["a"])
    indexer.compact(tmp_path / "g")
    del made["a"]
    assert_stored(tmp_path / "g", made)
    assert not small.damage(tmp_path / "g")


def test_local_features_are_read_as_the_page_of_the_format_says(tmp_path, rng):
    made = with_features(tmp_path / "g", "abc", rng)
    with snapshot_of(tmp_path / "g") as gallery:
        file = tmp_path / "g" / f"local-{gallery.catalogue.fact('local'):03d}.bin"
        ((first, count),) = small.execute(tmp_path / "g", "SELECT first_row, rows FROM local WHERE image = 2")
        assert gallery.catalogue.fact("local_rows") == 6
    found = np.memmap(file, [("point", "<f4", 2), ("descriptor", "u1", 128)], "r")[first : first + count]
    assert file.stat().st_size == 6 * 136
    assert found["point"].tobytes() == made["b"].points.tobytes()
    assert found["descriptor"].tobytes() == made["b"].descriptors.tobytes()


def test_a_gallery_without_local_features_says_so(tmp_path, rng):
    def seen(image: int = 1) -> tuple[bool, int | None]:
        with snapshot_of(tmp_path / "g") as snapshot:
            found = snapshot.local_features.of(image)
            return snapshot.local_features.usable, None if found is None else len(found)

    with filled(tmp_path / "g", "a", rng) as writer:
        assert seen() == (False, None)
        writer.local.restart(VERSION)
        assert seen() == (True, None)
        writer.local.put(1, small.random_features(rng, 3))
        assert seen() == (True, None)
        writer.commit()
        assert seen() == (True, 3)
        assert seen(2) == (True, None)
        small.execute(tmp_path / "g", "UPDATE facts SET value = 'older' WHERE key = 'local_version'")
        assert seen() == (False, None)


def test_a_snapshot_sees_a_photo_and_its_local_features_as_one(tmp_path, rng):
    made = with_features(tmp_path / "g", "abc", rng)
    with Gallery(tmp_path / "g") as gallery, Writer(tmp_path / "g") as writer:
        with gallery.snapshot() as snapshot:
            before = snapshot.local_features.of(2)
            writer.forget_file("a")
            writer.drop_orphans()
            number = writer.generations.start("compact", None, {})
            for image in writer.generations.waiting(number):
                writer.generations.copy(image, number)
            assert writer.local.rewrite(lambda: False)
            writer.generations.switch(number)
            assert len(list((tmp_path / "g").glob("local-*"))) == 1
            assert snapshot.local_features.of(2).points.tobytes() == before.points.tobytes()
        with gallery.snapshot() as snapshot:
            found = snapshot.local_features.of(2)
            assert found.points.tobytes() == made["b"].points.tobytes()
            assert found.descriptors.tobytes() == made["b"].descriptors.tobytes()
        writer.local.restart(None)
        with gallery.snapshot() as snapshot:
            assert snapshot.local_features.of(2) is None
        assert not list((tmp_path / "g").glob("local-*"))
        assert not small.damage(tmp_path / "g")


def test_local_features_that_only_others_write_are_followed(tmp_path, rng, monkeypatch):
    folder = tmp_path / "g"
    with_features(folder, "ab", rng)
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with Gallery(folder) as gallery:
        with gallery.snapshot() as snapshot:
            assert len(snapshot.local_features.of(2)) == 2
        with Writer(folder) as writer:
            writer.local.restart(VERSION)
            writer.local.put(2, small.random_features(rng, 5))
            writer.commit()
            with gallery.snapshot() as snapshot:
                assert len(snapshot.local_features.of(2)) == 5


def test_removed_local_features_give_back_their_room_and_no_more(tmp_path, rng):
    made = with_features(tmp_path / "g", "abcd", rng)
    indexer.remove(tmp_path / "g", ["b", "d"])
    with snapshot_of(tmp_path / "g") as gallery:
        assert gallery.local_features.count() == 2
        number = gallery.catalogue.fact("local")
    assert not small.damage(tmp_path / "g")
    indexer.compact(tmp_path / "g")
    (path,) = (tmp_path / "g").glob("local-*")
    assert path.stat().st_size == (1 + 3) * 136
    assert path.name == f"local-{number + 1:03d}.bin"
    assert_stored(tmp_path / "g", {name: made[name] for name in "ac"})
    indexer.compact(tmp_path / "g")
    assert path.exists()  # nothing to give back: not written again
    with Writer(tmp_path / "g") as writer:
        made["e"] = small.random_features(rng, 9)
        small.add(writer, "e", rng, made["e"])
        writer.commit()
    assert_stored(tmp_path / "g", {name: made[name] for name in "ace"})


def test_compacting_local_features_that_is_stopped_changes_nothing(tmp_path, rng):
    class Stops(Silent):
        now, left = "", 2

        def start(self, what: str, total: int | None) -> None:
            self.now = what

        def step(self, failures: int = 0) -> None:
            self.left -= "local" in self.now

        def stopping(self) -> bool:
            return self.left <= 0

    made = with_features(tmp_path / "g", "abcd", rng)
    indexer.remove(tmp_path / "g", ["a"])
    before = {path.name: path.stat().st_size for path in (tmp_path / "g").glob("*-*")}
    assert indexer.compact(tmp_path / "g", Stops()) is None
    assert {path.name: path.stat().st_size for path in (tmp_path / "g").glob("*-*")} == before
    assert_stored(tmp_path / "g", {name: made[name] for name in "bcd"})
    assert not small.damage(tmp_path / "g")


def test_a_flipped_bit_of_local_features_is_found_and_costs_nothing_else(tmp_path, rng):
    made = with_features(tmp_path / "g", "abc", rng)
    (path,) = (tmp_path / "g").glob("local-*")
    data = bytearray(path.read_bytes())
    data[136 + 7] ^= 1
    path.write_bytes(data)
    (finding,) = small.damage(tmp_path / "g")
    assert (finding.kind, finding.what) == ("local", "the local features of b are not what was written")
    indexer.remove(tmp_path / "g", ["a"])
    with pytest.raises(GalleryError, match="damaged: run `resight verify --repair`"):
        indexer.compact(tmp_path / "g")
    repair(tmp_path / "g", 1)
    assert small.contents(tmp_path / "g").keys() == {"b", "c"}
    with Writer(tmp_path / "g") as writer:
        assert writer.committed.local_features.missing() == [2]
        writer.local.put(2, made["b"])
        writer.commit()
    indexer.compact(tmp_path / "g")
    assert_stored(tmp_path / "g", {name: made[name] for name in "bc"})


@pytest.mark.parametrize("length", [None, 0, 135, 137])
def test_a_file_of_local_features_that_is_cut_short_keeps_nobody_from_searching(length, tmp_path, rng):
    folder = tmp_path / "g"
    made = with_features(folder, "abc", rng)
    (path,) = folder.glob("local-*")
    path.unlink() if length is None else os.truncate(path, length)
    with Gallery(folder) as opened, opened.snapshot() as gallery:
        query = Descriptor(np.array(gallery.vectors[:1]), None, gallery.fingerprint)
        assert [hit.relative for hit in Searcher(opened).search(query, 1)] == ["a"]
        with pytest.raises(GalleryError, match="cut short: `resight verify --repair`"):
            gallery.local_features.of(3)
    with Writer(folder) as writer, pytest.raises(GalleryError, match="cut short"):
        small.add(writer, "d", rng, made["a"])
    lost = 2 if length == 137 else 3
    assert [finding.kind for finding in small.damage(folder)] == ["local"] * lost
    repair(folder, lost)
    assert small.contents(folder).keys() == {*"abc"}
    with Writer(folder) as writer:
        for image in writer.committed.local_features.missing():
            writer.local.put(image, made["abc"[image - 1]])
        writer.commit()
    assert_stored(folder, made)
    assert not small.damage(folder)


def test_files_of_old_local_features_go_at_the_next_open(tmp_path, rng):
    made = with_features(tmp_path / "g", "a", rng)
    for name in ("local-000.bin", "local-007.bin"):
        (tmp_path / "g" / name).write_bytes(b"left over")
    Writer(tmp_path / "g").close()
    assert len(list((tmp_path / "g").glob("local-*"))) == 1
    assert_stored(tmp_path / "g", made)


# what a fit was made on


def samples(folder: Path) -> int:
    ((count,),) = small.execute(folder, "SELECT count(*) FROM samples")
    return count


def test_the_sample_of_a_fit_lasts_as_long_as_its_parameters(tmp_path, rng):
    own = {"each.0.1": {"mean": np.ones(4, np.float32)}}
    with filled(tmp_path / "g", "ab", rng) as writer:
        assert writer.committed.fitted_on() == set()
        for turn, behind in enumerate([{b"1" * 32, b"2" * 32}, {b"3" * 32}]):
            own["each.0.1"]["mean"] += 1
            name = writer.generations.save_parameters(own, behind)
            writer.generations.switch(writer.generations.start("refit", name, {"photos": turn}))
            assert writer.committed.fitted_on() == behind
        assert samples(tmp_path / "g") == 1
        own["each.0.1"]["mean"] += 1
        writer.generations.start("refit", writer.generations.save_parameters(own, {b"4" * 32}), {})
        writer.commit()
    with Writer(tmp_path / "g") as writer:
        assert writer.committed.fitted_on() == {b"3" * 32}
        assert samples(tmp_path / "g") == 1


def test_parameters_come_back_in_the_order_of_their_names(tmp_path, rng):
    own = {f"each.{row}.0": {key: rng.random(3).astype(np.float32) for key in "zab"} for row in "951730"}
    with begun(tmp_path / "g") as writer:
        name = writer.generations.save_parameters(own, set())
        for _ in range(5):
            found = parameters.load(writer.folder, name)
            assert [(step, list(arrays)) for step, arrays in found.items()] == [
                (step, ["a", "b", "z"]) for step in sorted(own)
            ]
            assert all(np.array_equal(found[step][key], own[step][key]) for step in own for key in "zab")


def test_one_content_turned_twice_is_two_images(tmp_path, rng):
    with begun(tmp_path / "g") as writer:
        plain = writer.add(b"c" * 32, (4, 3), small.random_descriptor(rng), None)
        turned = writer.add(b"c" * 32, (3, 4), small.random_descriptor(rng), None, turn=90)
        for relative, image in (("a", plain), ("b", turned)):
            writer.set_file(relative, 1, 1, image)
        assert writer.find_content(b"c" * 32, 90) == turned
        writer.commit()
        assert (writer.find_content(b"c" * 32), writer.find_content(b"c" * 32, 90)) == (plain, turned)
        assert writer.find_content(b"c" * 32, 180) is None
        assert (
            writer.catalogue.image(turned).turn,
            writer.catalogue.image(turned).width,
            writer.catalogue.image(plain).turn,
        ) == (90, 3, 0)
        found = [("a", 1, 1), ("b", 1, 1)]
        assert writer.changes(found, {"b": 90}).to_read(False) == []
        assert writer.changes(found, {"a": 180, "b": 90}).to_read(False) == ["a"]
        assert writer.changes(found).to_read(False) == ["b"]
