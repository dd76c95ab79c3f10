"""`index`, `fit`, `remove`, `compact` and `search` over drawn photos and a network with random weights."""

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from resight import engines, images, indexer, local_features
from resight.describing import describer
from resight.errors import (
    BadQuery,
    DescribedOtherwise,
    GalleryError,
    NotFitted,
    TooMuchVanished,
)
from resight.gallery import Gallery, Writer, snapshot_of
from resight.gallery.repair import repair as put_right
from resight.images.turning import rotated
from resight.indexer import fits, opening, refit
from resight.indexer.local import extracted
from resight.progress import Silent
from resight.ranking import LocalFeatures
from resight.searcher import Searcher
from resight.types import Box, Descriptor
from support import small

pytestmark = pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)


class Counting:
    """The network, and how often it ran."""

    def __init__(self) -> None:
        self.runs = 0
        self._loaded: dict = {}

    def load(self, backbone, name="openvino", workers=1, batch=1):
        if backbone not in self._loaded:
            self._loaded[backbone] = engines.load(backbone, "openvino", 2)
        self.weights, self.name, self._engine = self._loaded[backbone].weights, name, self._loaded[backbone]
        return self

    def __call__(self, pixels):
        self.runs += 1
        return self._engine(pixels)


@pytest.fixture(scope="module")
def loaded() -> Counting:
    return Counting()


@pytest.fixture
def network(loaded, monkeypatch) -> Counting:
    for room in (describer, opening, refit):
        monkeypatch.setattr(room, "load", loaded.load)
    loaded.runs = 0
    return loaded


@pytest.fixture
def root(tmp_path, network) -> Path:
    """Twelve photos in two folders."""
    small.album(tmp_path / "photos", 12)
    return tmp_path / "photos"


class Stops(Silent):
    """Asks for an end after so many steps of a stage."""

    def __init__(self, steps: int, stage: str = "") -> None:
        self.left, self.stage, self.now, self.said = steps, stage, "", []

    def start(self, what: str, total: int | None) -> None:
        self.now = what

    def step(self, failures: int = 0) -> None:
        self.left -= self.stage in self.now

    def say(self, sentence: str) -> None:
        self.said.append(sentence)

    def stopping(self) -> bool:
        return self.left <= 0 and self.stage in self.now


def found(root: Path, query: Path | str | Descriptor, k: int = 100, **more) -> list[str]:
    with Gallery(root / ".resight") as gallery:
        return [hit.relative for hit in Searcher(gallery, "openvino").search(query, k, **more)]


def counts(report: indexer.Report) -> dict[str, int]:
    names = ("described", "same", "moved", "vanished", "unchanged", "failed")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


# update


def test_the_first_time_every_photo_is_described(root, network):
    report = small.index(root, small.PLAIN)
    assert counts(report) == {"described": 12}
    assert report.photos == 12
    assert network.runs == 12
    assert not small.damage(root / ".resight")
    assert sorted(found(root, root / "a" / "000.png")) == small.album(root, 12)


def test_unchanged_files_cost_a_stat(root, network, monkeypatch):
    small.index(root, small.FITTED)
    (root / "notes.txt").write_text("not a photo")
    before = small.contents(root / ".resight")

    def never(*_: object, **__: object) -> None:
        raise AssertionError("this is not needed for unchanged files")

    for room in (describer, opening, refit):
        monkeypatch.setattr(room, "load", never)
    monkeypatch.setattr("resight.images.content", never)
    report = small.index(root)
    assert counts(report) == {"unchanged": 12}
    assert report.skipped == 1
    small.assert_same(small.contents(root / ".resight"), before)


def test_new_changed_moved_touched_doubled_and_vanished_files(root, network):
    small.index(root, small.PLAIN)
    network.runs = 0
    small.draw(root / "new.png", 90)
    small.draw(root / "a" / "000.png", 91)
    (root / "a" / "002.png").rename(root / "b" / "moved.png")
    os.utime(root / "a" / "004.png", ns=(1, 1))
    shutil.copy(root / "a" / "006.png", root / "copy.png")
    (root / "b" / "001.png").unlink()
    (root / "bad.png").write_bytes(b"no photo")
    report = small.index(root)
    assert counts(report) == {
        "described": 2, "same": 2, "moved": 1, "vanished": 1, "unchanged": 8, "failed": 1,
    }  # fmt: skip
    assert network.runs == 2
    now = small.contents(root / ".resight")
    assert {"new.png", "b/moved.png", "copy.png", "a/004.png"} <= now.keys()
    assert not {"a/002.png", "b/001.png"} & now.keys()
    assert len(now["bad.png"]) == 1
    assert not small.damage(root / ".resight")
    small.index(root / "..", small.PLAIN, gallery=root.parent / "fresh")
    fresh = small.contents(root.parent / "fresh")
    small.assert_same(now, {name.removeprefix("photos/"): found for name, found in fresh.items()})


def test_a_file_that_failed_is_tried_again_when_it_changes_or_when_asked(root, network):
    (root / "bad.png").write_bytes(b"no photo")
    assert small.index(root, small.PLAIN).failed == 1
    assert counts(small.index(root)) == {"unchanged": 13}
    assert counts(small.index(root, retry=True)) == {"unchanged": 12, "failed": 1}
    small.draw(root / "bad.png", 5000)
    assert counts(small.index(root)) == {"described": 1, "unchanged": 12}


def test_a_file_that_could_not_be_read_is_tried_again_unasked(root, monkeypatch):
    small.draw(root / "new.png", 90)
    content = images.content

    def broken(path: Path) -> bytes:
        if path.name == "new.png":
            raise OSError(5, "Input/output error")
        return content(path)

    monkeypatch.setattr(images, "content", broken)
    assert small.index(root, small.PLAIN).failed == 1
    monkeypatch.setattr(images, "content", content)
    assert counts(small.index(root)) == {"described": 1, "unchanged": 12}


def test_two_files_of_one_content_are_both_found(root, network):
    shutil.copy(root / "a" / "000.png", root / "b" / "twin.png")
    report = small.index(root, small.PLAIN)
    assert counts(report) == {"described": 12, "same": 1}
    assert found(root, root / "a" / "000.png", 2) == ["a/000.png", "b/twin.png"]
    assert found(root, root / "b" / "twin.png", 2) == ["b/twin.png", "a/000.png"]
    (root / "a" / "000.png").unlink()
    small.index(root)
    assert found(root, root / "b" / "twin.png", 1) == ["b/twin.png"]
    assert not small.damage(root / ".resight")


def test_names_that_are_not_text_are_indexed_searched_and_removed(root):
    name = os.fsdecode(b"n\xff\xfe.png")
    small.draw(root / "plain.png", 77)
    (root / "plain.png").rename(root / name)
    (root / os.fsdecode(b"d\xe9")).mkdir()
    shutil.copy(root / name, root / os.fsdecode(b"d\xe9/x.png"))
    small.index(root, small.PLAIN)
    assert found(root, root / name, 2) == [name, os.fsdecode(b"d\xe9/x.png")]
    assert counts(small.index(root)) == {"unchanged": 14}
    assert indexer.remove(root / ".resight", [name]) == [name]
    assert not small.damage(root / ".resight")


def test_links_that_loop_double_or_lead_nowhere(root):
    (root / "a" / "up").symlink_to(root)
    (root / "itself").symlink_to(root / "itself")
    (root / "itself.png").symlink_to(root / "itself.png")
    (root / "nowhere.png").symlink_to(root / "gone.png")
    (root / "again").symlink_to(root / "a")
    (root / "linked.png").symlink_to(root / "a" / "000.png")
    os.mkfifo(root / "pipe.png")
    report = small.index(root, small.PLAIN)
    assert report.photos == 14
    assert counts(report) == {"described": 12, "same": 1, "failed": 1}
    assert report.skipped == 3
    assert not report.unreadable
    assert "not a file" in small.contents(root / ".resight")["pipe.png"][0]


# what is gone


def test_a_renamed_folder_is_moved_not_vanished(root, network):
    for name in ("twin.png", "triplet.png"):
        shutil.copy(root / "a" / "000.png", root / "a" / name)
    (root / "a" / "deep").mkdir()
    for i in range(20):
        (root / "a" / "deep" / f"bad{i}.png").write_bytes(b"no photo %d" % i)
    small.index(root, small.PLAIN)
    network.runs = 0
    (root / "a").rename(root / "c")
    report = small.index(root)
    assert counts(report) == {"moved": 8, "vanished": 20, "failed": 20, "unchanged": 6}
    assert network.runs == 0
    (root / "b").rename(root / "d")
    (root / "c").rename(root / "e")
    assert small.index(root).moved == 14


@pytest.mark.parametrize("gone", [7, 12])
def test_more_than_half_gone_changes_nothing_and_names_prune(gone, root):
    names = small.album(root, 12)
    small.index(root, small.PLAIN)
    before = small.contents(root / ".resight")
    small.draw(root / "new.png", 90)
    for name in names[:gone]:
        (root / name).unlink()
    with pytest.raises(TooMuchVanished, match=rf"{gone} of 12 photos .* say --prune"):
        small.index(root)
    small.assert_same(small.contents(root / ".resight"), before)
    report = small.index(root, prune=True)
    assert (report.described, report.vanished, report.unchanged) == (1, gone, 12 - gone)
    assert small.contents(root / ".resight").keys() == {"new.png", *names[gone:]}


def test_half_gone_is_a_clean_up(root):
    small.index(root, small.PLAIN)
    shutil.rmtree(root / "a")
    assert counts(small.index(root)) == {"vanished": 6, "unchanged": 6}


def test_photos_that_were_removed_by_hand_may_go(root):
    small.index(root, small.PLAIN)
    indexer.remove(root / ".resight", ["a/*", "b/001.png"])
    shutil.rmtree(root / "a")
    assert counts(small.index(root)) == {"vanished": 6, "unchanged": 6}


def test_a_root_that_is_missing_changes_nothing_and_names_prune(root, tmp_path):
    gallery = tmp_path / "gallery"
    small.index(root, small.PLAIN, gallery=gallery)
    before = small.contents(gallery)
    root.rename(tmp_path / "elsewhere")
    with pytest.raises(TooMuchVanished, match="--prune"):
        small.index(root, gallery=gallery)
    small.assert_same(small.contents(gallery), before)
    small.index(root, gallery=gallery, prune=True)
    assert not small.contents(gallery)


def test_a_root_that_moved_is_followed_but_not_to_a_folder_of_other_photos(root, tmp_path):
    gallery = tmp_path / "gallery"
    small.index(root, small.PLAIN, gallery=gallery)
    small.album(tmp_path / "others", 3, seed=9)
    with pytest.raises(BadQuery, match="is of the folder"):
        small.index(tmp_path / "others", gallery=gallery)
    root.rename(tmp_path / "moved")
    with pytest.raises(TooMuchVanished):
        small.index(tmp_path / "others", gallery=gallery)
    with snapshot_of(gallery) as opened:
        assert opened.catalogue.root == root
    assert counts(small.index(tmp_path / "moved", gallery=gallery)) == {"unchanged": 12}
    with snapshot_of(gallery) as opened:
        assert opened.catalogue.root == tmp_path / "moved"


def test_a_gallery_inside_its_folder_moves_with_it(root, tmp_path, network):
    small.index(root, small.PLAIN)
    moved = root.rename(tmp_path / "moved")
    assert counts(small.index(moved)) == {"unchanged": 12}
    network.runs = 0
    assert found(moved, moved / "b" / "001.png", 1) == ["b/001.png"]
    assert network.runs == 0


def test_a_folder_that_cannot_be_listed_keeps_what_was_known(root, monkeypatch):
    small.index(root, small.PLAIN)
    scandir = os.scandir

    def refused(path: Path) -> Iterator[os.DirEntry]:
        if str(path).endswith("/a"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    (root / "b" / "001.png").unlink()
    monkeypatch.setattr(os, "scandir", refused)
    report = small.index(root)
    assert report.unreadable == ("a",)
    assert counts(report) == {"vanished": 1, "unchanged": 5}
    assert len(small.contents(root / ".resight")) == 11
    monkeypatch.setattr(os, "scandir", scandir)
    assert counts(small.index(root)) == {"unchanged": 11}


def test_files_and_folders_that_cannot_be_looked_at_keep_what_was_known(root, monkeypatch):
    small.index(root, small.PLAIN)
    scandir = os.scandir

    stat = os.stat

    class Entry:
        """A folder's entry whose status the disk does not give."""

        def __init__(self, entry: os.DirEntry) -> None:
            self.name, self.path = entry.name, entry.path
            self.is_dir, self.is_symlink = entry.is_dir, entry.is_symlink
            self.stat = broken if entry.name == "000.png" else entry.stat

    def broken(path: Path | None = None, **_: object) -> os.stat_result:
        if path is None or path == root / "b":
            raise OSError(5, "Input/output error")
        return stat(path, **_)

    class Listed(list):
        def __enter__(self) -> "Listed":
            return self

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(os, "scandir", lambda path: Listed(map(Entry, scandir(path))))
    monkeypatch.setattr("resight.images.folder.os.stat", broken)
    report = small.index(root)
    assert set(report.unreadable) == {"b", "a/000.png"}
    assert counts(report) == {"unchanged": 5}
    assert len(small.contents(root / ".resight")) == 12


def test_a_root_that_cannot_be_listed_is_said_in_a_sentence(root, monkeypatch):
    small.index(root, small.PLAIN)

    scandir = os.scandir

    def refused(path: Path) -> Iterator[os.DirEntry]:
        if Path(path) == root:
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(BadQuery, match="cannot be read: Permission denied"):
        small.index(root)
    assert len(small.contents(root / ".resight")) == 12


# remove and compact


def test_what_was_removed_stays_away_until_it_changes_or_is_asked_for(root):
    small.index(root, small.PLAIN)
    with pytest.raises(BadQuery, match=r"'a/999.png' is not in the gallery .* nothing was removed"):
        indexer.remove(root / ".resight", ["a/000.png", "a/999.png"])
    assert indexer.remove(root / ".resight", ["a/000.png", str(root / "a/002.png"), "a/*4.png"]) == [
        "a/000.png",
        "a/002.png",
        "a/004.png",
    ]
    assert (root / "a" / "000.png").exists()
    assert len(found(root, root / "b" / "001.png")) == 9
    assert counts(small.index(root)) == {"unchanged": 12}
    with pytest.raises(BadQuery):
        indexer.remove(root / ".resight", ["a/000.png"])
    small.draw(root / "a" / "000.png", 4000)
    assert counts(small.index(root)) == {"described": 1, "unchanged": 11}
    assert counts(small.index(root, retry=True)) == {"described": 2, "unchanged": 10}
    assert len(found(root, root / "b" / "001.png")) == 12
    assert not small.damage(root / ".resight")


def test_compact_gives_back_the_room_and_changes_no_answer(root):
    small.index(root, small.FITTED)
    indexer.remove(root / ".resight", ["a/*"])
    with Gallery(root / ".resight") as opened:
        with opened.snapshot() as snapshot:
            before, fit = small.contents(root / ".resight"), snapshot.fit
            size = (root / ".resight" / f"vectors-{snapshot.generation.number:03d}.f32").stat().st_size
        ranking = found(root, root / "b" / "001.png")
        kept = sum(path.stat().st_size for path in (root / ".resight").glob("kept-*"))
        assert indexer.compact(root / ".resight") > 0
        with opened.snapshot() as snapshot:
            assert not len(snapshot.deleted)
            assert snapshot.fit == fit
    (vectors,) = (root / ".resight").glob("vectors-*.f32")
    assert vectors.stat().st_size * 2 == size
    assert sum(path.stat().st_size for path in (root / ".resight").glob("kept-*")) * 2 == kept
    small.assert_same(small.contents(root / ".resight"), before)
    assert found(root, root / "b" / "001.png") == ranking
    assert not small.damage(root / ".resight")
    assert counts(small.index(root)) == {"unchanged": 12}


def test_compact_that_is_stopped_leaves_all_as_it_was(root):
    small.index(root, small.PLAIN)
    indexer.remove(root / ".resight", ["a/*"])
    before = {path.name for path in (root / ".resight").glob("*.f32")}
    assert indexer.compact(root / ".resight", Stops(2)) is None
    assert {path.name for path in (root / ".resight").glob("*.f32")} == before
    assert len(found(root, root / "b" / "001.png")) == 6
    assert not small.damage(root / ".resight")


# fits


def fit_of(root: Path) -> dict:
    with snapshot_of(root / ".resight") as gallery:
        return gallery.generation.provenance


def fit(root: Path, **more) -> str | None:
    return indexer.fit(root / ".resight", engine="openvino", workers=1, **more)


def test_a_gallery_is_fitted_anew_each_time_it_grew_by_half_until_its_sample_is_full(root, network):
    assert "12 photos" in small.index(root, small.FITTED, sample=20).fitted
    for photos, total, fitted, frozen in [(5, 17, 12, False), (1, 18, 18, False), (7, 25, 20, True)]:
        for i in range(photos):
            small.draw(root / "c" / f"{total}-{i}.png", 100 * total + i)
        report = small.index(root, sample=20)
        assert bool(report.fitted) == (fit_of(root)["photos"] != 12)
        assert (fit_of(root)["photos"], fit_of(root)["frozen"]) == (fitted, frozen)
        assert network.runs == total  # no photo passes the network twice
        assert len(found(root, root / "a" / "000.png")) == total
        assert not small.damage(root / ".resight")
    for i in range(30):
        small.draw(root / "d" / f"{i}.png", 9000 + i)
    assert not small.index(root, sample=20).fitted
    assert fit_of(root)["photos"] == 20
    assert len(found(root, root / "a" / "000.png")) == 55


def test_the_sample_is_that_of_the_smallest_path_hashes(root):
    small.index(root, small.FITTED, sample=5)
    wanted = fits.sample(small.album(root, 12), 5)
    with snapshot_of(root / ".resight") as gallery:
        kept = {name for image in gallery.fit_sample.images() for name in gallery.catalogue.files_of(image)}
    assert kept == wanted
    few, many = [f"{i}.jpg" for i in range(50)], [f"{i}.jpg" for i in range(80)]
    assert fits.sample(many, 5) & set(few) <= fits.sample(few, 5)


def test_a_sample_without_one_photo_grows(root, network):
    for name in fits.sample(small.album(root, 12), 7):
        (root / name).write_bytes(b"no photo")
    report = small.index(root, small.FITTED, sample=2)
    assert counts(report) == {"described": 5, "failed": 7}
    assert report.fitted
    assert network.runs == 5
    assert not small.damage(root / ".resight")
    assert sum(len(found) == 4 for found in small.contents(root / ".resight").values()) == 5


def test_a_folder_of_bad_files_alone_is_no_error(tmp_path, network):
    (tmp_path / "bad.png").write_bytes(b"no photo")
    assert small.index(tmp_path, small.FITTED).failed == 1
    with pytest.raises(NotFitted):
        found(tmp_path, tmp_path / "bad.png")
    small.draw(tmp_path / "one.png", 1)
    assert small.index(tmp_path).fitted
    assert not small.damage(tmp_path / ".resight")


def test_index_that_is_stopped_goes_on_and_ends_the_same(root, network, tmp_path):
    shutil.copytree(root, tmp_path / "other")
    small.index(tmp_path / "other", small.FITTED, sample=8)
    network.runs = 0
    reports = [
        small.index(root, small.FITTED, progress=Stops(steps, "Describing"), sample=8) for steps in (1, 3)
    ]
    assert all(report.interrupted for report in reports)
    assert not small.index(root, sample=8).interrupted
    assert network.runs == 12
    assert not small.damage(root / ".resight")
    small.assert_same(small.contents(root / ".resight"), small.contents(tmp_path / "other" / ".resight"))


def test_fit_goes_on_where_it_was_stopped_and_searches_see_the_old_fit_meanwhile(root, network):
    small.index(root, small.FITTED, sample=4)
    before, old = small.contents(root / ".resight"), fit_of(root)
    small.draw(root / "a" / "000.png", 600)
    small.index(root, sample=4)
    stages = [Stops(1, "Reading"), Stops(3, "anew"), Stops(2, "anew")]
    for progress in stages:
        assert fit(root, progress=progress, sample=6) is None
        assert fit_of(root) == old
        now = small.contents(root / ".resight")
        small.assert_same({**now, "a/000.png": before["a/000.png"]}, before)
        assert not small.damage(root / ".resight")
    assert stages[2].said == ["Going on with the fit that was begun."]
    small.draw(root / "new.png", 601)  # described by the old fit, and then by the new one
    small.index(root, sample=6)
    assert fit_of(root) == old
    runs = network.runs
    assert "6 photos" in fit(root, sample=6)
    assert network.runs - runs <= 13 - 6
    assert fit_of(root)["photos"] == 6
    assert len(found(root, root / "new.png")) == 13
    assert not small.damage(root / ".resight")
    shutil.copytree(root, root.parent / "fresh", ignore=shutil.ignore_patterns(".resight"))
    small.index(root.parent / "fresh", small.FITTED, fit_from=root / ".resight", sample=6)
    small.assert_same(small.contents(root / ".resight"), small.contents(root.parent / "fresh" / ".resight"))


def test_a_fit_that_was_begun_is_not_given_up_by_index(root):
    small.index(root, small.FITTED)
    assert fit(root, progress=Stops(2, "anew")) is None
    for i in range(9):
        small.draw(root / "c" / f"{i}.png", 800 + i)
    assert not small.index(root).fitted
    indexer.remove(root / ".resight", ["b/001.png"])
    with pytest.raises(GalleryError, match="end it with `resight fit`"):
        indexer.compact(root / ".resight")
    assert fit(root)
    assert fit_of(root)["photos"] == 12
    assert len(found(root, root / "a" / "000.png")) == 20
    assert not small.damage(root / ".resight")
    small.draw(root / "c" / "last.png", 900)
    small.index(root)
    assert len(found(root, root / "a" / "000.png")) == 21


def test_no_photo_is_lost_by_a_refit_after_one_that_is_not_kept(root, network):
    """A gallery that is small again after it was large: some of its photos are not kept."""
    small.index(root, small.FITTED, sample=4)
    assert fit(root, progress=Stops(2, "anew"), sample=100) is None
    small.execute(root / ".resight", "UPDATE images SET kept_shapes = NULL WHERE id > 6")
    assert fit(root, sample=100)
    for i in range(20):
        small.draw(root / "c" / f"{i}.png", 800 + i)
    small.index(root, sample=100)
    assert len(found(root, root / "a" / "000.png")) == 32
    assert not small.damage(root / ".resight")


def test_fit_keeps_all_photos_when_the_drive_is_not_there(root, tmp_path):
    gallery = tmp_path / "gallery"
    small.index(root, small.FITTED, gallery=gallery, sample=4)
    before = small.contents(gallery)
    root.rename(tmp_path / "unmounted")
    with pytest.raises(TooMuchVanished, match="mount the drive"):
        indexer.fit(gallery, engine="openvino", workers=1, sample=4)
    small.assert_same(small.contents(gallery), before)
    (tmp_path / "unmounted").rename(root)
    assert indexer.fit(gallery, engine="openvino", workers=1, sample=4)
    assert small.contents(gallery).keys() == before.keys()
    assert not small.damage(gallery)


def test_fit_forgets_a_photo_that_is_gone_and_index_finds_it_again(root):
    small.index(root, small.FITTED, sample=4)
    with snapshot_of(root / ".resight") as gallery:
        kept = {name for image in gallery.fit_sample.images() for name in gallery.catalogue.files_of(image)}
    name = next(name for name in small.album(root, 12) if name not in kept)
    (root / name).rename(root / "away.png")
    progress = Stops(1, "never")
    assert fit(root, progress=progress, sample=4)
    assert progress.said == ["1 photos could not be read again: the next `resight index` looks at them."]
    assert small.contents(root / ".resight").keys() == {*small.album(root, 12)} - {name}
    assert not small.damage(root / ".resight")


@pytest.mark.parametrize("break_it", [Path.unlink, lambda path: path.write_bytes(b"\0" * 99)])
def test_fit_mends_parameters_that_are_damaged(break_it, root):
    small.index(root, small.FITTED)
    before = small.contents(root / ".resight")
    (parameters,) = (root / ".resight").glob("parameters-*")
    break_it(parameters)
    assert [finding.kind for finding in small.damage(root / ".resight")] == ["parameters"]
    with pytest.raises(GalleryError, match="run `resight fit`"):
        small.index(root)
    assert fit(root)
    small.assert_same(small.contents(root / ".resight"), before)
    assert not small.damage(root / ".resight")
    assert counts(small.index(root)) == {"unchanged": 12}


def test_what_has_nothing_to_fit_says_so(root):
    small.index(root, small.PLAIN)
    with pytest.raises(NotFitted, match="has nothing to fit"):
        fit(root)


def test_a_fit_is_borrowed_and_the_same_command_goes_on(root, tmp_path, network):
    source = tmp_path / "source"
    small.album(source, 10, seed=3)
    small.index(source, small.FITTED)
    borrow = {"fit_from": source / ".resight"}
    first = small.index(root, small.FITTED, progress=Stops(4, "Describing"), **borrow)
    assert first.interrupted
    small.index(root, small.FITTED, **borrow)
    assert len(found(root, root / "a" / "000.png")) == 12
    assert fit_of(root)["photos"] == 10
    assert fit_of(root)["frozen"]
    for i in range(12):
        small.draw(root / "c" / f"{i}.png", 800 + i)
    assert not small.index(root).fitted
    fit(source)  # the same photos, so the same fit
    small.index(root, **borrow)
    small.album(source, 12, seed=3)
    small.index(source)
    fit(source)
    with pytest.raises(BadQuery, match="`resight fit --fit-from` changes it"):
        small.index(root, **borrow)
    assert "12 photos" in fit(root, **borrow)
    assert not small.damage(root / ".resight")


def test_a_fit_that_cannot_be_borrowed_leaves_the_way_open(root, tmp_path):
    other = tmp_path / "other"
    small.album(other, 3)
    small.index(other, small.PLAIN)
    with pytest.raises(NotFitted, match="has no fit to borrow"):
        small.index(root, small.FITTED, fit_from=other / ".resight")
    shutil.rmtree(other / ".resight")
    small.index(other, small.FITTED | {"pooling": "spoc"})
    with pytest.raises(DescribedOtherwise, match="another recipe"):
        small.index(root, small.FITTED, fit_from=other / ".resight")
    shutil.rmtree(other / ".resight")
    small.index(other, small.FITTED)
    small.index(root, small.FITTED, fit_from=other / ".resight")
    assert len(found(root, root / "a" / "000.png")) == 12


def test_another_recipe_is_refused(root):
    small.index(root, small.FITTED)
    with pytest.raises(DescribedOtherwise, match="leave --recipe out"):
        small.index(root, small.PLAIN)
    small.index(root, small.FITTED | {"name": "by another name"})


def test_the_only_photo_of_a_gallery_is_no_damage(tmp_path, network):
    small.draw(tmp_path / "one.png", 1)
    small.index(tmp_path, small.FITTED)
    assert not small.damage(tmp_path / ".resight")
    assert found(tmp_path, tmp_path / "one.png") == ["one.png"]


# search


def test_an_indexed_query_comes_first_and_is_not_described(root, network):
    small.index(root, small.PLAIN)
    runs = network.runs
    with Gallery(root / ".resight") as gallery:
        ranking = Searcher(gallery).search(root / "b" / "003.png", 4)
    assert network.runs == runs
    assert [hit.self for hit in ranking] == [True, False, False, False]
    assert ranking[0].relative == "b/003.png"
    assert ranking[0].score == 1
    assert [hit.rank for hit in ranking] == [1, 2, 3, 4]
    assert [hit.score for hit in ranking[1:]] == sorted((hit.score for hit in ranking[1:]), reverse=True)


def test_a_query_from_elsewhere_is_described_unless_it_is_a_copy(root, network, tmp_path):
    small.index(root, small.PLAIN)
    runs = network.runs
    copy = shutil.copy(root / "b" / "003.png", tmp_path / "copy.png")
    assert found(root, copy, 1) == ["b/003.png"]
    assert network.runs == runs
    Image.open(copy).convert("RGB").save(tmp_path / "other.bmp")
    assert found(root, tmp_path / "other.bmp", 1) == ["b/003.png"]
    assert network.runs == runs + 1


def test_a_changed_query_is_described_as_it_is_now(root, network):
    small.index(root, small.PLAIN)
    Image.open(root / "a" / "002.png").resize((65, 48)).save(root / "b" / "003.png")
    assert found(root, root / "b" / "003.png", 1) == ["a/002.png"]


def test_search_within_a_folder_or_a_glob(root):
    small.index(root, small.PLAIN)
    query = root / "b" / "003.png"
    assert set(found(root, query, under="a")) == {f"a/{i:03d}.png" for i in range(0, 12, 2)}
    assert found(root, query, under="./b/")[0] == "b/003.png"
    assert found(root, query, under="*/00[45].png") == [
        name for name in found(root, query) if name in ("a/004.png", "b/005.png")
    ]
    assert len(found(root, query, 2, under="a/*")) == 2
    assert found(root, query, under=".") == found(root, query)
    with pytest.raises(BadQuery, match="No indexed photo lies under 'c'"):
        found(root, query, under="c")


def test_a_folder_whose_name_is_a_glob_is_a_folder_first(root):
    for name in ("[2019] Rome/1.png", "[2019] Rome/in/2.png", "2 Rome/3.png", "a*/4.png", "[ab]/5.png"):
        small.draw(root / name, seed=len(name))
    small.index(root, small.PLAIN)
    query = root / "b" / "003.png"
    rome = {"[2019] Rome/1.png", "[2019] Rome/in/2.png"}
    for under in ("[2019] Rome", "./[2019] Rome/", "[2019] Rome/../[2019] Rome"):
        assert set(found(root, query, under=under)) == rome
    assert found(root, query, under="[2019] Rome/in/2.png") == ["[2019] Rome/in/2.png"]
    assert found(root, query, under="[2019] Rom?") == ["2 Rome/3.png"]  # no folder, so a glob
    assert found(root, query, under="a*") == ["a*/4.png"]
    assert found(root, query, under="[ab]") == ["[ab]/5.png"]
    assert len(found(root, query, 99, under="[ab]/*")) == 12


def test_names_are_compared_in_one_form_whatever_the_disk_holds(root):
    decomposed, composed = "cafe\u0301", "caf\u00e9"
    small.draw(root / decomposed / "1.png", seed=77)
    small.draw(root / f"{decomposed}.png", seed=78)
    small.index(root, small.PLAIN)
    query = root / "b" / "003.png"
    for name in (decomposed, composed):
        assert found(root, query, under=name) == [f"{decomposed}/1.png"]
        assert found(root, query, under=f"*{name[1:]}*.png") == found(root, query, under="caf*")
    assert indexer.remove(root / ".resight", [f"{composed}.png"]) == [f"{decomposed}.png"]
    globbed = indexer.remove(root / ".resight", [f"{composed}/*"])
    assert globbed == [f"{decomposed}/1.png"]


def test_a_box_is_described_and_the_photo_itself_is_marked(root, network):
    small.index(root, small.PLAIN)
    runs = network.runs
    with Gallery(root / ".resight") as gallery:
        searcher = Searcher(gallery, "openvino")
        ranking = searcher.search(root / "b" / "003.png", 12, box=Box(0, 0, 64, 48))
        assert network.runs == runs + 1
        assert ranking[0].self
        assert ranking[0].score == pytest.approx(1, abs=1e-5)
        part = searcher.search(root / "b" / "003.png", 12, box=Box(10, 10, 20, 20))
        assert sum(hit.self for hit in part) == 1
        assert part[0].score < 0.9999
        with pytest.raises(BadQuery, match="64 x 48"):
            searcher.search(root / "b" / "003.png", 1, box=Box(100, 0, 5, 5))


def test_a_query_described_by_an_old_fit_is_refused_with_advice(root):
    small.index(root, small.FITTED)
    with Gallery(root / ".resight") as gallery:
        with gallery.snapshot() as snapshot:
            describe = describer.describer_like(snapshot, "openvino")
        searcher = Searcher(gallery, "openvino")
        described = describe(images.read(root / "b" / "003.png"))
        assert searcher.search(described, 1)[0].relative == "b/003.png"
        for i in range(9):
            small.draw(root / "c" / f"{i}.png", 800 + i)
        assert small.index(root).fitted
        with pytest.raises(DescribedOtherwise, match="describe it with the gallery's own recipe"):
            searcher.search(described, 1)
        shutil.copy(root / "b" / "003.png", root.parent / "q.png")
        with (root.parent / "q.png").open("ab") as file:
            file.write(b"behind the end")
        assert searcher.search(root.parent / "q.png", 1)[0].relative == "b/003.png"


def test_several_vectors_an_image_rank_by_their_best_region(root, network):
    for i in range(25):
        small.draw(root / "c" / f"{i}.png", 300 + i, (90, 60))
    small.index(root, small.KEEP)
    assert not small.damage(root / ".resight")
    with Gallery(root / ".resight") as opened, opened.snapshot() as gallery:
        vectors, searcher = np.array(gallery.vectors, np.float64), Searcher(opened)
        spans = {name: gallery.rows.of(image) for name, image, _ in list(gallery.catalogue.files())}
        assert len(vectors) > 5 * len(spans)
        for query in ("a/000.png", "c/7.png"):
            asked = vectors[spans[query].first :][: spans[query].count]
            scores = {
                name: [max(float(row @ q) for q in asked) for row in vectors[rows.first :][: rows.count]]
                for name, rows in spans.items()
            }
            slow = sorted((max(each) for name, each in scores.items() if name != query), reverse=True)
            for k in (1, 3, 37):
                ranking = searcher.search(root / query, k)
                assert ranking[0].relative == query
                assert len({hit.relative for hit in ranking}) == k
                for hit, wanted in zip(ranking[1:], slow, strict=False):
                    assert hit.score == pytest.approx(wanted, abs=1e-6)
                    regions = spans[hit.relative].regions
                    assert scores[hit.relative][regions.index(hit.region)] == pytest.approx(wanted, abs=1e-6)
                    box, width = hit.region.box, 90 if hit.relative[0] == "c" else 64
                    assert 0 <= box.x < box.x + box.width <= width + 0.1


def test_a_searcher_follows_an_update(root):
    small.index(root, small.FITTED)
    with Gallery(root / ".resight") as gallery:
        searcher = Searcher(gallery, "openvino")
        assert len(searcher.search(root / "a" / "000.png", 100)) == 12
        for i in range(9):
            small.draw(root / "c" / f"{i}.png", 800 + i)
        small.index(root)
        assert len(searcher.search(root / "a" / "000.png", 100)) == 21
        indexer.remove(root / ".resight", ["c/*"])
        assert len(searcher.search(root / "a" / "000.png", 100)) == 12
        indexer.compact(root / ".resight")
        assert len(searcher.search(root / "a" / "000.png", 100)) == 12


def test_an_empty_gallery_says_so(tmp_path, network):
    tmp_path.joinpath("photos").mkdir()
    assert small.index(tmp_path / "photos", small.PLAIN).photos == 0
    with pytest.raises(NotFitted, match="is empty yet: run `resight index`"):
        found(tmp_path / "photos", tmp_path / "x.png")


# local features


def features_of(root: Path) -> dict[str, LocalFeatures | None]:
    with snapshot_of(root / ".resight") as gallery:
        return {
            name: gallery.local_features.of(image)
            for name, image, _ in list(gallery.catalogue.files())
            if image
        }


def assert_features(root: Path, turns: dict[str, int] | None = None) -> None:
    """What is stored is what would be computed now."""
    stored = features_of(root)
    for name, found in stored.items():
        turn = (turns or {}).get(name, 0)
        wanted = local_features.extract(images.read(root / name, enough=local_features.enough, turn=turn))
        np.testing.assert_array_equal(found.points, wanted.points)
        np.testing.assert_array_equal(found.descriptors, wanted.descriptors)
    assert sum(len(found) > 3 for found in stored.values()) > len(stored) / 2


def test_local_features_asked_for_are_stored_and_kept_up(root, network):
    small.draw(root / "large.jpg", 50, (1600, 1200))
    (root / "bad.png").write_bytes(b"no photo")
    Image.new("RGB", (64, 48)).save(root / "blank.png")
    report = small.index(root, small.PLAIN, local_features=True)
    assert report.local_features == 14
    assert network.runs == 14
    assert_features(root)
    assert len(features_of(root)["blank.png"]) == 0
    small.draw(root / "new.png", 51)
    report = small.index(root)
    assert (report.local_features, report.described) == (1, 1)
    assert small.index(root).local_features == 0
    assert_features(root)
    assert len(features_of(root)) == 15
    assert not small.damage(root / ".resight")


def test_descriptors_do_not_depend_on_local_features(root, tmp_path):
    for i, size in enumerate([(1600, 1200), (900, 700), (300, 200)]):
        small.draw(root / f"{i}.jpg", 60 + i, size)
    small.index(root, small.PLAIN)
    without = small.contents(root / ".resight")
    small.index(root, small.PLAIN, gallery=tmp_path / "with", local_features=True)
    for name, found in small.contents(tmp_path / "with").items():
        np.testing.assert_array_equal(found[1], without[name][1])


def test_a_photo_is_decoded_once_where_the_same_pixels_serve_both(root, monkeypatch):
    small.draw(root / "large.jpg", 50, (1600, 1200))
    small.draw(root / "high.jpg", 51, (900, 1300))
    asked = []
    monkeypatch.setattr(
        "resight.indexer.outcome.extracted",
        lambda data, turn, limit, photo: asked.append(photo is None) or extracted(data, turn, limit, photo),
    )
    turns = {"high.jpg": 90}
    for size, again in ((640, 0), (128, 2)):
        asked.clear()
        values = small.PLAIN | {"views": {"sizes": [size]}}
        small.index(root, values, gallery=root / f".{size}", local_features=True, turns=turns)
        assert sum(asked) == again
        with snapshot_of(root / f".{size}") as gallery:
            for name in ("large.jpg", "high.jpg"):
                photo = images.read(root / name, enough=local_features.enough, turn=turns.get(name, 0))
                wanted = local_features.extract(photo)
                found = gallery.local_features.of(gallery.catalogue.image_of(name))
                np.testing.assert_array_equal(found.descriptors, wanted.descriptors)


def test_local_features_of_a_gallery_that_exists_need_no_network(root, network, monkeypatch):
    small.index(root, small.FITTED)
    assert set(features_of(root).values()) == {None}
    before = small.contents(root / ".resight")

    def never(*_: object, **__: object) -> None:
        raise AssertionError("the network is not needed")

    for room in (describer, opening, refit):
        monkeypatch.setattr(room, "load", never)
    first = small.index(root, local_features=True, progress=Stops(3, "Local features"))
    assert first.interrupted
    assert 0 < first.local_features < 12
    assert not small.damage(root / ".resight")
    second = small.index(root)
    assert first.local_features + second.local_features == 12
    assert counts(second) == {"unchanged": 12}
    assert_features(root)
    now = small.contents(root / ".resight")
    small.assert_same({name: (*found[:3], None) for name, found in now.items()}, before)


def test_local_features_are_forgotten_when_that_is_asked(root):
    small.index(root, small.PLAIN, local_features=True)
    assert list((root / ".resight").glob("local-*"))
    small.index(root, local_features=False)
    assert not list((root / ".resight").glob("local-*"))
    small.draw(root / "new.png", 51)
    assert small.index(root).local_features == 0
    assert set(features_of(root).values()) == {None}
    assert not small.damage(root / ".resight")
    assert small.index(root, local_features=True).local_features == 13
    assert_features(root)


def test_local_features_of_another_version_are_all_stored_anew(root, network, monkeypatch):
    small.index(root, small.PLAIN, local_features=True)
    runs = network.runs
    with monkeypatch.context() as patch:
        patch.setattr(local_features, "VERSION", "later")
        assert set(features_of(root).values()) == {None}
        assert small.index(root).local_features == 12
        assert_features(root)
    assert network.runs == runs
    assert small.index(root).local_features == 12


def test_a_photo_that_cannot_be_read_for_its_local_features_is_tried_again(root, monkeypatch):
    small.index(root, small.PLAIN)
    content = images.content

    def broken(path: Path) -> bytes:
        if path.name in ("000.png", "001.png"):
            raise OSError(5, "Input/output error")
        return content(path)

    monkeypatch.setattr(images, "content", broken)
    progress = Stops(1, "never")
    assert small.index(root, local_features=True, progress=progress).local_features == 10
    assert [line for line in progress.said if line.startswith("2 photos could not be read again")]
    monkeypatch.setattr(images, "content", content)
    assert small.index(root).local_features == 2
    assert_features(root)


def test_repaired_local_features_are_stored_again_without_the_network(root, network):
    small.index(root, small.PLAIN, local_features=True)
    (path,) = (root / ".resight").glob("local-*")
    os.truncate(path, path.stat().st_size // 2)
    findings = small.damage(root / ".resight")
    assert {finding.kind for finding in findings} == {"local"}
    small.draw(root / "new.png", 51)
    with pytest.raises(GalleryError, match="cut short"):
        small.index(root)
    with Writer(root / ".resight") as writer:
        put_right(writer, findings)
    runs = network.runs
    assert small.index(root).local_features == len(findings) + 1
    assert network.runs == runs + 1
    assert_features(root)
    assert not small.damage(root / ".resight")


# what a fit was made on


def hashes(root: Path, names: Iterable[str]) -> set[bytes]:
    return {hashlib.sha256((root / name).read_bytes()).digest() for name in names}


def fitted_on(folder: Path) -> set[bytes]:
    with snapshot_of(folder) as gallery:
        return gallery.fitted_on()


def test_a_gallery_knows_the_photos_behind_its_fit(root):
    gallery = root / ".resight"
    small.index(root, small.FITTED, sample=20)
    assert fitted_on(gallery) == hashes(root, small.album(root, 12))
    for i in range(10):
        small.draw(root / "c" / f"{i}.png", 800 + i)
    small.index(root, sample=20)
    sample = hashes(root, fits.sample(small.contents(gallery), 20))
    assert fitted_on(gallery) == sample
    indexer.remove(gallery, ["a/*"])
    indexer.compact(gallery)
    assert fitted_on(gallery) == sample  # also those that have left the gallery
    assert fit(root, progress=Stops(2, "anew"), sample=20) is None
    assert fitted_on(gallery) == sample
    fit(root, sample=20)
    assert fitted_on(gallery) == hashes(root, small.contents(gallery).keys() - {*small.album(root, 12)[:6]})
    with snapshot_of(gallery) as opened:
        assert len(opened.fitted_on()) == 16


def test_the_photos_behind_a_fit_travel_with_it(root, tmp_path):
    source, third = tmp_path / "source", tmp_path / "third"
    small.index(source.parent / "photos", small.FITTED)
    sample = fitted_on(root / ".resight")
    assert len(sample) == 12
    for i, folder in enumerate((source, third)):
        small.album(folder, 3, seed=5 + i)
        small.index(folder, small.FITTED, fit_from=(root, source)[i] / ".resight")
        assert fitted_on(folder / ".resight") == sample
    fit(source)
    assert fitted_on(source / ".resight") == hashes(source, small.album(source, 3, seed=5))
    fit(third, fit_from=source / ".resight")
    assert fitted_on(third / ".resight") == fitted_on(source / ".resight")


def test_what_was_never_fitted_was_fitted_on_nothing(root):
    small.index(root, small.PLAIN)
    assert fitted_on(root / ".resight") == set()


# a list in place of a walk, and turned photos


def failures(root: Path) -> dict[str, str]:
    with snapshot_of(root / ".resight") as gallery:
        return {name: why for name, _, why in gallery.catalogue.files() if why}


def test_a_list_is_the_gallery(root, network):
    only = ["a/000.png", "b/001.png", "b/003.png", "b/001.png", "gone.png"]
    report = small.index(root, small.PLAIN, only=only)
    assert counts(report) == {"described": 3, "failed": 1}
    assert report.photos == 3
    assert failures(root) == {"gone.png": "not there"}
    assert small.contents(root / ".resight").keys() == {*only}
    assert counts(small.index(root, only=only)) == {"unchanged": 3, "failed": 1}
    small.draw(root / "gone.png", 70)
    assert counts(small.index(root, only=only)) == {"unchanged": 3, "described": 1}
    (root / "a" / "000.png").unlink()
    assert counts(small.index(root, only=only)) == {"unchanged": 3, "failed": 1}
    assert failures(root) == {"a/000.png": "not there"}
    assert counts(small.index(root, only=only[1:])) == {"unchanged": 3, "vanished": 1}
    assert counts(small.index(root, only=only[1:3])) == {"unchanged": 2, "vanished": 1}
    assert counts(small.index(root)) == {"unchanged": 2, "described": 10}
    assert not small.damage(root / ".resight")


def test_a_list_of_photos_that_are_mostly_gone_changes_nothing(root):
    names = small.album(root, 12)
    small.index(root, small.PLAIN, only=names)
    before = small.contents(root / ".resight")
    shutil.move(root / "a", root.parent / "a")
    shutil.move(root / "b" / "001.png", root.parent / "away.png")
    with pytest.raises(TooMuchVanished, match="7 of 12"):
        small.index(root, only=names)
    with pytest.raises(TooMuchVanished, match="7 of 12"):
        small.index(root, only=names[-5:])
    small.assert_same(small.contents(root / ".resight"), before)
    assert counts(small.index(root, only=names, prune=True)) == {"unchanged": 5, "failed": 7}


@pytest.mark.parametrize("path", ["/a/000.png", "../photos/a/000.png", "a//000.png", "./a/000.png", "a/../b"])
def test_a_list_of_other_than_plain_paths_is_refused(path, root):
    with pytest.raises(BadQuery, match="is not a path below"):
        small.index(root, small.PLAIN, only=[path])


def test_turned_photos_are_described_and_stored_turned(root, network):
    small.draw(root / "large.jpg", 50, (1600, 1200))
    turns = {"a/000.png": 90, "a/002.png": 180, "b/001.png": -90, "b/003.png": 37, "large.jpg": 90}
    small.index(root, small.PLAIN, turns=turns, local_features=True)
    with snapshot_of(root / ".resight") as gallery:
        describe = describer.describer_like(gallery, "openvino")
        for name, image, _ in list(gallery.catalogue.files()):
            photo = rotated(describe.read(root / name), turns.get(name, 0))
            stored, first = gallery.catalogue.image(image), gallery.rows.span(image)[0]
            assert (stored.width, stored.height) == (photo.width, photo.height)
            assert stored.turn == turns.get(name, 0) % 360
            score = float(gallery.vectors[first] @ describe(photo).vectors[0])
            assert score == pytest.approx(1, abs=1e-4 if name.endswith("png") else 0.02)
    assert_features(root, turns)
    runs = network.runs
    assert counts(small.index(root, turns=turns)) == {"unchanged": 13}
    assert network.runs == runs
    assert counts(small.index(root, turns=turns | {"a/000.png": 270})) == {"described": 1, "unchanged": 12}
    assert counts(small.index(root)) == {"described": 5, "unchanged": 8}
    with snapshot_of(root / ".resight") as gallery:
        assert {gallery.catalogue.image(image).turn for _, image, _ in list(gallery.catalogue.files())} == {0}
    assert_features(root)
    assert not small.damage(root / ".resight")


def test_a_turned_photo_is_turned_again_when_it_is_read_again(root, network):
    shutil.copy(root / "a" / "000.png", root / "twin.png")
    turns = {"a/000.png": 90, "b/001.png": 45}
    report = small.index(root, small.FITTED, turns=turns)
    assert report.described == 13  # two images of one content
    before = small.contents(root / ".resight")
    small.execute(root / ".resight", "UPDATE images SET kept_shapes = NULL")
    fit(root)  # every photo passes the network again
    small.assert_same(small.contents(root / ".resight"), before)
    small.index(root, turns=turns, local_features=True)
    assert_features(root, turns)
    assert fitted_on(root / ".resight") == hashes(root, small.album(root, 12))
