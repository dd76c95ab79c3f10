"""What an update makes of a folder: times of any year, folders of thumbnails, globs, drives that are away."""

import os
from pathlib import Path

import pytest

from resight.datasets._listing import photos_under
from resight.errors import BadData, TooMuchVanished
from resight.gallery import Gallery, check, snapshot_of
from resight.images import excluding
from resight.images import folder as walked
from resight.roots.folder import file_state
from resight.searcher import Searcher
from support import small

pytestmark = pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)

LAST = 2**63 - 1  # 2262-04-11, in nanoseconds: the last time that SQLite's integers hold


@pytest.fixture
def root(tmp_path) -> Path:
    """Six photos in two folders."""
    small.album(tmp_path / "photos", 6)
    return tmp_path / "photos"


# times


def at(ns: int) -> tuple[int, int]:
    class Status:
        st_size, st_mtime_ns = 5, ns

    return file_state(Status())


@pytest.mark.parametrize("ns", [LAST, -(2**63), 0, -1, 1_700_000_000_123_456_789])
def test_a_time_that_sqlite_holds_is_stored_as_it_is(ns):
    assert at(ns) == (5, ns)


@pytest.mark.parametrize("ns", [LAST + 1, -(2**63) - 1, 2**64 + 7, 9 * 10**27])
def test_a_time_that_sqlite_does_not_hold_is_stored_as_another_that_it_does(ns):
    assert -(2**63) <= at(ns)[1] <= LAST
    assert at(ns) != at(ns + 1) != at(ns + 10**9)


def test_a_photo_dated_past_2262_is_a_photo_as_any_other(root):
    late = root / "a" / "000.png"
    os.utime(late, ns=(LAST + 1 + 10**9, LAST + 1 + 10**9))
    assert late.stat().st_mtime_ns > LAST
    report = small.index(root, small.PLAIN)
    assert (report.described, report.failed) == (6, 0)
    assert small.index(root).unchanged == 6
    with Gallery(root / ".resight") as gallery:
        with gallery.snapshot() as snapshot:
            assert list(check.verify(snapshot)) == []
        assert next(iter(Searcher(gallery, "openvino").search(late))).self
    os.utime(late, ns=(LAST + 1 + 10**10, LAST + 1 + 10**10))
    assert small.index(root).same == 1


# links: one answer for indexing and for data sets


def test_a_photo_goes_by_the_path_of_its_own_folder_although_a_link_sorts_before_it(root):
    small.draw(root / "z" / "1.png", 7)
    (root / "0").symlink_to(root / "z")
    (root / "a" / "link").symlink_to(root / "z")
    assert small.index(root, small.PLAIN).described == 7
    assert names(root) == {*small.album(root, 6), "z/1.png"}
    assert photos_under(root) == sorted(names(root))


def test_a_folder_outside_goes_by_the_first_link_and_its_sub_folders_with_it(root, tmp_path):
    small.draw(tmp_path / "outside" / "sub" / "1.png", 7)
    small.draw(tmp_path / "outside" / "2.png", 8)
    for link in ("d", "c", "b/e"):
        (root / link).symlink_to(tmp_path / "outside")
    (root / "c2").symlink_to(tmp_path / "outside" / "sub")
    small.index(root, small.PLAIN)
    assert names(root) - {*small.album(root, 6)} == {"b/e/2.png", "b/e/sub/1.png"}
    assert photos_under(root) == sorted(names(root))


def test_links_to_photos_are_photos_and_links_to_nowhere_and_around_end(root):
    (root / "copy.png").symlink_to(root / "a" / "000.png")
    (root / "gone.png").symlink_to(root / "nowhere.png")
    (root / "round").symlink_to("round")
    (root / "up").symlink_to(root)
    (root / "a" / "upper").symlink_to(root.parent)
    report = small.index(root, small.PLAIN)
    assert names(root) == {*small.album(root, 6), "copy.png"}
    assert (report.described, report.same, report.skipped) == (6, 1, 2)
    assert set(photos_under(root)) == {*names(root), "gone.png"}  # of a data set's photo no status is asked


def test_what_an_older_gallery_found_by_a_link_moves_to_its_own_folder_and_is_not_described_again(root):
    """An earlier walk entered a link that sorts before the folder it leads to: the photos were in `0`."""
    for i in range(9):
        small.draw(root / "z" / f"{i}.png", 7 + i)
    older = [*small.album(root, 6), *(f"0/{i}.png" for i in range(9))]
    (root / "0").symlink_to(root / "z")
    assert small.index(root, small.PLAIN, only=older).described == 15
    report = small.index(root)
    assert (report.described, report.moved, report.vanished, report.unchanged) == (0, 9, 0, 6)
    assert names(root) == {*small.album(root, 6), *(f"z/{i}.png" for i in range(9))}


def test_a_folder_that_cannot_be_read_is_told_with_the_reason(root, monkeypatch):
    scandir = os.scandir

    def refuses(path):
        if Path(path) == root / "b":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr("resight.images.folder.os.scandir", refuses)
    assert small.index(root, small.PLAIN).unreadable == ("b",)
    with pytest.raises(BadData, match=r"folder .*/b cannot be read: Permission denied\.$"):
        photos_under(root)


# folders of thumbnails and deleted files, and what is excluded


def names(root: Path) -> set[str]:
    """The files that the gallery of a folder has."""
    with snapshot_of(root / ".resight") as gallery:
        return {name for name, _, _ in gallery.catalogue.files()}


SYSTEM_FOLDERS = [
    "@eaDir/000.png",
    "a/@eaDir/000.png/SYNOPHOTO_THUMB_XL.png",
    "#recycle",
    "#snapshot/GMT+01-2026.01.01/a",
    "@Recycle",
    ".@__thumb",
    "$RECYCLE.BIN/S-1-5-21",
    "Thumbs",
    "a/thumbnails",
    ".thumbnails",
    "__MACOSX/a",
    "Photos Library.photoslibrary/resources/derivatives/0",
    "admin/files_trashbin/files",
    "appdata_oc1abc/preview/0/1",
    "Lightroom Previews.lrdata/0",
]


def test_folders_of_thumbnails_and_deleted_files_are_passed_over_and_counted(root):
    for i, folder in enumerate(SYSTEM_FOLDERS):
        small.draw(root / folder / "thumbnail.png", 100 + i)
    kept = {
        "resources/1.png",
        "recycle/2.png",
        "Photos Library.photoslibrary/originals/3.png",
        "preview/4.png",
    }
    for i, name in enumerate(sorted(kept)):
        small.draw(root / name, 200 + i)
    report = small.index(root, small.PLAIN)
    assert names(root) == {*small.album(root, 6), *kept}
    assert report.system_folders == len(SYSTEM_FOLDERS)
    assert photos_under(root) == sorted(names(root))


def test_a_folder_with_such_a_name_that_is_indexed_itself_is_read(tmp_path):
    small.album(tmp_path / "Thumbs", 2)
    assert small.index(tmp_path / "Thumbs", small.PLAIN).described == 2


def test_thumbnails_of_an_older_gallery_leave_it_although_they_are_the_most(root, monkeypatch):
    """Three thumbnails a photo, as a Synology makes them: more than half of the gallery's files."""
    for i in range(18):
        small.draw(root / "a" / "@eaDir" / f"{i // 3}.png" / f"SYNOPHOTO_THUMB_{'SMX'[i % 3]}.png", 300 + i)
    with monkeypatch.context() as before:
        for module in (walked, excluding):
            before.setattr(module, "is_system_folder", lambda relative: False)
        assert small.index(root, small.PLAIN).described == 24
    report = small.index(root)
    assert (report.vanished, report.unchanged, report.system_folders) == (18, 6, 1)
    assert names(root) == set(small.album(root, 6))


@pytest.mark.parametrize(
    ("glob", "gone"),
    [
        ("raw", {"raw/1.png", "c/raw/2.png"}),
        ("raw/", {"raw/1.png", "c/raw/2.png"}),
        ("/raw", {"raw/1.png"}),
        ("./raw", {"raw/1.png", "c/raw/2.png"}),
        ("c/raw", {"c/raw/2.png"}),
        ("c/*", {"c/raw/2.png", "c/3-small.png"}),
        ("**/raw/**", {"raw/1.png", "c/raw/2.png"}),
        ("*-small.*", {"c/3-small.png"}),
        ("*small*", {"c/3-small.png"}),
        ("[2019] Rome", {"[2019] Rome/4.png"}),
        ("[2019] Rome/4.png", {"[2019] Rome/4.png"}),
        ("[34]*.png", {"c/3-small.png", "[2019] Rome/4.png", "3 Rome/4.png"}),
        ("Cafe\u0301", {"Caf\u00e9/5.png"}),
        ("RAW", set()),
        ("aw", set()),
    ],
)
def test_what_a_glob_excludes(glob, gone, root):
    others = {
        "raw/1.png", "c/raw/2.png", "c/3-small.png", "[2019] Rome/4.png", "3 Rome/4.png", "Caf\u00e9/5.png",
    }  # fmt: skip
    for i, name in enumerate(sorted(others)):
        small.draw(root / name, 400 + i)
    report = small.index(root, small.PLAIN, exclude=[glob])
    assert names(root) == {*small.album(root, 6), *others} - gone
    assert bool(report.excluded) == bool(gone)
    covered = excluding.Excluded((glob,)).covers
    assert {name for name in others if covered(name)} == gone


def test_what_is_excluded_is_kept_with_the_gallery_until_it_is_said_anew(root):
    small.index(root, small.PLAIN, exclude=["a", "001.png"])
    assert names(root) == {"b/003.png", "b/005.png"}
    small.draw(root / "a" / "new.png", 500)
    report = small.index(root)
    assert (report.exclude, report.excluded, report.described) == (("a", "001.png"), 2, 0)
    assert names(root) == {"b/003.png", "b/005.png"}
    assert small.index(root, exclude=["b/*"]).exclude == ("b/*",)
    assert names(root) == {"a/000.png", "a/002.png", "a/004.png", "a/new.png"}
    assert small.index(root, exclude=[""]).exclude == ()
    assert len(names(root)) == 7


def test_excluding_most_photos_is_meant_and_no_drive_that_is_away(root):
    small.index(root, small.PLAIN)
    assert small.index(root, exclude=["*.png"]).vanished == 6
    assert names(root) == set()


def test_photos_that_vanish_beside_excluded_ones_are_still_a_drive_that_may_be_away(root):
    for name in small.album(root, 12):
        assert (root / name).exists()
    small.index(root, small.PLAIN)
    for i in range(1, 12):
        (root / "ab"[i % 2] / f"{i:03d}.png").unlink()
    with pytest.raises(TooMuchVanished, match="10 of 11"):
        small.index(root, exclude=["001.png"])
    assert len(names(root)) == 12


def test_files_that_failed_count_for_nothing_where_it_is_asked_how_many_are_gone(root):
    for i in range(9):
        (root / f"broken-{i}.png").write_bytes(b"no photo")
    assert small.index(root, small.PLAIN).failed == 9
    (root / "a" / "000.png").unlink()
    assert small.index(root, exclude=["broken-*"]).vanished == 10


def test_the_command_says_what_was_passed_over_and_info_what_is_excluded(root):
    small.draw(root / "@eaDir" / "x.png", 1)
    recipe = small.toml(small.PLAIN, root.parent)
    run = small.command("index", root, "--recipe", recipe, "--exclude", "a", "--exclude", "001.png")
    told, _ = run.communicate()
    assert "Folders of thumbnails or deleted files, passed over: 1\n" in told
    assert "Files and folders excluded by --exclude (a, 001.png): 2\n" in told
    told, _ = small.command("info", "--gallery", root).communicate()
    assert "exclude         a, 001.png\n" in told
    told, _ = small.command("index", root, "--exclude", "").communicate()
    assert "excluded" not in told
