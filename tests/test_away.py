"""A drive that is away keeps its rows: nothing of it is described again when it is back."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from resight import indexer
from resight.errors import TooMuchVanished
from resight.gallery import Gallery
from resight.indexer import away
from resight.searcher import Searcher
from support import small

pytestmark = pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)

FEW = 4  # photos of an album's folder, and less than what an emptied folder may hold


@pytest.fixture
def mount(monkeypatch) -> Callable[..., None]:
    """`mount(names)`: folders of these names are on drives of their own from now on."""
    stat = os.stat

    def mounted(*names: str) -> None:
        def elsewhere(path: object, **how: object) -> os.stat_result:
            found = stat(path, **how)
            if isinstance(path, Path) and path.name in names:
                kept = {name: getattr(found, name) for name in dir(found) if name.startswith("st_")}
                return SimpleNamespace(**kept | {"st_dev": found.st_dev + 1})
            return found

        monkeypatch.setattr(os, "stat", elsewhere)

    return mounted


@pytest.fixture
def root(tmp_path, mount) -> Path:
    """Eight photos, half of them on a drive that is mounted at `b`; indexed."""
    small.album(tmp_path / "photos", 2 * FEW)
    mount("b")
    small.index(tmp_path / "photos", small.FITTED, local_features=True)
    return tmp_path / "photos"


def unmount(root: Path, name: str = "b") -> None:
    """Leave an empty folder, as a drive does that is mounted no more."""
    (root / name).rename(root.parent / f"drive-{name}")
    (root / name).mkdir()


def mount_again(root: Path, name: str = "b") -> None:
    shutil.rmtree(root / name, ignore_errors=True)
    (root.parent / f"drive-{name}").rename(root / name)


def test_a_drive_that_is_away_keeps_its_rows_and_nothing_is_described_when_it_is_back(root, mount):
    before = small.contents(root / ".resight")
    unmount(root)
    mount()
    report = small.index(root)
    assert (report.away, report.vanished, report.unchanged) == ({"b": FEW}, 0, FEW)
    small.assert_same(small.contents(root / ".resight"), before)
    mount_again(root)
    mount("b")
    report = small.index(root)
    assert (report.away, report.described, report.same, report.unchanged) == ({}, 0, 0, 2 * FEW)
    small.assert_same(small.contents(root / ".resight"), before)


@pytest.mark.parametrize("times", [1, 3])
def test_its_place_may_vanish_too_and_that_it_was_a_drive_is_not_forgotten(times, root, mount):
    (root / "b").rename(root.parent / "drive-b")
    mount()
    for _ in range(times):
        assert small.index(root).away == {"b": FEW}
    mount_again(root)
    mount("b")
    assert small.index(root).unchanged == 2 * FEW


def test_what_is_away_is_found_and_marked(root, mount):
    unmount(root)
    mount()
    small.index(root)
    with Gallery(root / ".resight") as gallery:
        hits = Searcher(gallery, "openvino").search(root / "a" / "000.png", 20)
    assert {hit.relative.partition("/")[0] for hit in hits if hit.gone} == {"b"}
    assert sum(hit.gone for hit in hits) == FEW


def test_prune_says_that_it_is_gone_for_good(root, mount):
    unmount(root)
    mount()
    small.index(root)
    report = small.index(root, prune=True)
    assert (report.away, report.vanished) == ({}, FEW)
    assert small.index(root).away == {}


def test_a_drive_that_did_not_answer_once_is_still_known_as_one(root, mount, monkeypatch):
    unmount(root)
    mount()
    with monkeypatch.context() as broken:
        listdir, scandir = os.listdir, os.scandir

        def refused(ask: Callable, path: Path) -> object:
            if Path(path) == root / "b":
                raise OSError(5, "Input/output error")
            return ask(path)

        broken.setattr(os, "listdir", lambda path: refused(listdir, path))
        broken.setattr(os, "scandir", lambda path: refused(scandir, path))
        report = small.index(root)
        assert (report.unreadable, report.away, report.vanished) == (("b",), {}, 0)
    assert small.index(root).away == {"b": FEW}


def test_photos_deleted_from_a_drive_that_is_there_leave_the_gallery(root):
    (root / "b" / "001.png").unlink()
    report = small.index(root)
    assert (report.away, report.vanished) == ({}, 1)


def test_a_place_that_holds_other_photos_now_is_no_drive_that_is_away(root, mount):
    unmount(root)
    mount()
    small.draw(root / "b" / "new.png", 70)
    report = small.index(root)
    assert (report.away, report.vanished, report.described) == ({}, FEW, 1)
    (root / "b" / "new.png").unlink()  # it was no drive any more
    assert small.index(root).vanished == 1


def test_a_folder_that_was_deleted_is_no_drive_that_is_away(root):
    shutil.rmtree(root / "a")
    report = small.index(root)
    assert (report.away, report.vanished) == ({}, FEW)


def test_photos_of_a_drive_that_were_copied_elsewhere_are_moved(root, mount):
    shutil.copytree(root / "b", root / "copy")
    unmount(root)
    mount()
    report = small.index(root)
    assert (report.away, report.moved, report.described) == ({}, FEW, 0)


def test_what_is_excluded_is_not_kept_for_its_drive(root, mount):
    unmount(root)
    mount()
    report = small.index(root, exclude=["b"])
    assert (report.away, report.vanished) == ({}, FEW)


def test_more_than_half_gone_of_what_is_no_drive_still_changes_nothing(root, mount):
    small.album(root, 4 * FEW)
    small.index(root)
    before = small.contents(root / ".resight")
    unmount(root)
    mount()
    gone = sorted((root / "a").iterdir())
    for photo in gone[: FEW + 1]:
        photo.unlink()
    with pytest.raises(TooMuchVanished, match=f"{FEW + 1} of {2 * FEW} photos"):
        small.index(root)
    small.assert_same(small.contents(root / ".resight"), before)
    small.draw(gone[0], 80)
    report = small.index(root)
    assert (report.away, report.vanished, report.described) == ({"b": 2 * FEW}, FEW, 1)


def test_a_root_that_is_away_is_refused_as_before(root, tmp_path, mount):
    gallery = tmp_path / "gallery"
    small.index(root, small.FITTED, gallery=gallery)
    root.rename(tmp_path / "elsewhere")
    mount()
    with pytest.raises(TooMuchVanished, match="mount the drive"):
        small.index(root, gallery=gallery)
    root.mkdir()
    with pytest.raises(TooMuchVanished, match="mount the drive"):
        small.index(root, gallery=gallery, exclude=["nothing"])


# a folder of which it is not known that it was a drive


def test_an_empty_folder_of_many_photos_is_likelier_a_drive(tmp_path):
    root = tmp_path / "photos"
    for i in range(away.MANY):
        small.draw(root / "b" / f"{i % 3}" / f"{i}.png", i, (16, 12))
    small.album(root, 2 * away.MANY - 10)
    small.index(root, small.PLAIN)
    unmount(root)
    report = small.index(root)
    assert report.away == {"b": 2 * away.MANY - 5}
    mount_again(root)
    assert small.index(root).described == 0


def test_a_hidden_file_says_that_it_was_emptied_by_hand(tmp_path):
    root = tmp_path / "photos"
    small.album(root, 2 * away.MANY)
    small.index(root, small.PLAIN)
    unmount(root)
    (root / "b" / ".directory").write_text("")
    report = small.index(root)
    assert (report.away, report.vanished) == ({}, away.MANY)


def test_an_empty_folder_of_few_photos_was_emptied(tmp_path):
    root = tmp_path / "photos"
    small.album(root, 2 * away.MANY - 2)
    small.index(root, small.PLAIN)
    unmount(root)
    report = small.index(root)
    assert (report.away, report.vanished) == ({}, away.MANY - 1)


def test_a_folder_whose_many_photos_were_moved_is_empty_and_not_away(tmp_path):
    root = tmp_path / "photos"
    small.album(root, 2 * away.MANY)
    small.index(root, small.PLAIN)
    (root / "b").rename(root / "sorted")
    (root / "b").mkdir()
    report = small.index(root)
    assert (report.away, report.moved, report.vanished) == ({}, away.MANY, 0)


# real drives


@pytest.mark.skipif(
    not os.path.isdir("/dev/shm") or os.stat("/dev/shm").st_dev == os.stat("/tmp").st_dev,
    reason="needs a second drive",
)
def test_a_link_to_another_drive_that_leads_nowhere_now(tmp_path):
    root, drive = tmp_path / "photos", Path("/dev/shm") / f"resight-{os.getpid()}"
    small.album(root, 4)
    try:
        small.album(drive, 4, seed=1)
        (root / "link").symlink_to(drive)
        small.index(root, small.PLAIN)
        drive.rename(f"{drive}-away")
        assert small.index(root).away == {"link": 4}
        Path(f"{drive}-away").rename(drive)
        assert small.index(root).unchanged == 8
    finally:
        shutil.rmtree(drive, ignore_errors=True)


MOUNTED = """
import subprocess, sys, warnings
from pathlib import Path
from support import small

warnings.simplefilter("ignore")
home = Path(sys.argv[1])
drive, root = home / "drive", home / "photos"

def run(*line):
    subprocess.run([str(word) for word in line], check=True)

drive.mkdir()
run("mount", "-t", "tmpfs", "none", drive)
small.album(drive, 4, seed=1)
small.album(root, 4)
(root / "usb").mkdir()
run("mount", "--bind", drive, root / "usb")
print(small.index(root, small.PLAIN).described)
run("umount", root / "usb")
report = small.index(root)
print(report.away, report.vanished)
run("mount", "--bind", drive, root / "usb")
report = small.index(root)
print(report.away, report.described, report.same, report.unchanged)
"""


def test_a_drive_that_is_really_mounted_and_unmounted(tmp_path):
    alone = ["unshare", "--user", "--map-root-user", "--mount"]
    if not shutil.which("unshare") or subprocess.run([*alone, "true"], capture_output=True).returncode:
        pytest.skip("the system lets nobody mount a drive for himself")
    done = subprocess.run(
        [*alone, sys.executable, "-c", MOUNTED, tmp_path],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["8", "{'usb': 4} 0", "{} 0 0 8"]


def test_the_command_says_what_is_away(root, mount):
    unmount(root)
    mount()
    run = small.command("index", root)
    told, _ = run.communicate()
    assert run.returncode == 0
    assert (
        f"The folder b is empty or not there, as when a drive is not mounted: its {FEW} photos stay as they "
        "were, and --prune forgets them.\n"
    ) in told
    assert isinstance(indexer.Report(root, "x").away, dict)
