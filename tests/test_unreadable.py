"""A gallery, or a part of one, that may not be read: one sentence and code 3, whatever the verb."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from resight.errors import GalleryError
from resight.gallery import Gallery, Writer, find_gallery, snapshot_of
from support import small, unprivileged

pytestmark = pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)

READING = [
    ["info"],
    ["info", "--failures"],
    ["search", "{photo}"],
    ["show", "{photo}"],
    ["verify"],
    ["fit", "--fit-from", "{gallery}"],
    ["index", "{other}", "--recipe", "{recipe}", "--fit-from", "{gallery}"],
    ["evaluate", "{recipe}", "{other}", "--allow-overlap", "--distractors", "{gallery}"],
]
WRITING = [["remove", "a/*"], ["compact"], ["fit"], ["verify", "--repair"]]
NAMED = ["info", "search", "show", "verify", "remove", "compact", "fit"]
ADVICE = ("ask for the right to read it", "name another with --gallery", "nothing committed is lost")


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A gallery of six photos with local features in `photos`, and other photos in `other`."""
    home = tmp_path_factory.mktemp("home")
    small.album(home / "photos", 6)
    small.album(home / "other", 6, seed=1)
    small.index(home / "photos", small.FITTED, local_features=True)
    return home


def asked(home: Path, lines: list[list[str]], here: Path) -> list[tuple[list[str], int, str]]:
    """Each line, its exit code and what it says, as a user without privileges sees them."""
    gallery = home / "photos" / ".resight"
    places = {"photo": home / "photos" / "a" / "000.png", "gallery": gallery, "other": home / "other"}
    places |= {"recipe": small.toml(small.FITTED, home)}
    filled = [[word.format(**places) for word in line] for line in lines]
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", Path(unprivileged.__file__), json.dumps(filled)],
        capture_output=True,
        text=True,
        cwd=here,
    )
    if "does not let go" in ran.stderr:
        pytest.skip("no way to be a user without privileges")
    assert ran.returncode == 0, ran.stderr
    return [(line, *answer) for line, answer in zip(lines, json.loads(ran.stdout), strict=True)]


def assert_one_sentence(answers: list[tuple[list[str], int, str]]) -> None:
    for line, code, told in answers:
        last = told.strip().splitlines()[-1] if told.strip() else ""
        assert code == 3, f"{line}: {code} {told}"
        assert last.startswith("resight: "), f"{line}: {told}"
        assert any(advice in last for advice in ADVICE), f"{line}: {told}"
        assert "Traceback" not in told


@pytest.mark.parametrize("what", ["", "catalogue.sqlite", "vectors-*.f32", "local-*.bin", "parameters-*"])
def test_what_may_not_be_read_is_one_sentence_for_every_verb(what, home):
    gallery = home / "photos" / ".resight"
    (closed,) = gallery.glob(what) if what else (gallery,)
    mode = closed.stat().st_mode
    named = [
        [*line, "--gallery", "{gallery}"] if line[0] in NAMED else line
        for line in (*READING, *([] if what.startswith("parameters") else WRITING))
    ]
    if what.startswith("parameters"):  # only who describes needs them
        named = [line for line in named if line[0] in ("fit", "index") and "--fit-from" in line]
    closed.chmod(0)
    try:
        assert_one_sentence(asked(home, named, home))
    finally:
        closed.chmod(mode)


def test_a_closed_gallery_above_is_one_sentence_for_every_verb(home):
    gallery = home / "photos" / ".resight"
    gallery.chmod(0)
    try:
        lines = [["info"], ["search", "{photo}"], ["show", "{photo}"], ["verify"], ["compact"], ["fit"]]
        assert_one_sentence(asked(home, [*lines, ["remove", "a/*"]], home / "photos" / "a"))
        # From elsewhere, the photo leads to its gallery.
        assert_one_sentence(asked(home, [["search", "{photo}"], ["show", "{photo}"]], home))
        # An update writes, and says so.
        assert_one_sentence(asked(home, [["index", str(home / "photos")]], home))
    finally:
        gallery.chmod(0o755)


def test_a_folder_that_may_not_be_looked_into_holds_no_gallery_that_is_asked_for(home):
    """Above: a user whose own gallery is named is not kept from it by a closed folder that he stands in."""
    closed = home / "closed"
    (closed / "below").mkdir(parents=True)
    closed.chmod(0)
    try:
        (found,) = asked(home, [["info", "--gallery", "{gallery}"]], home)
        assert found[1:] == (0, "")
        (named,) = asked(home, [["info", "--gallery", str(closed)]], home)
        assert_one_sentence([named])
    finally:
        closed.chmod(0o755)


def test_photos_that_may_not_be_listed_are_one_sentence(home):
    closed = home / "unlisted"
    small.album(closed, 2)
    small.index(closed, small.PLAIN, gallery=home / "gallery")
    closed.chmod(0)
    try:
        ((_, code, told),) = asked(home, [["index", str(closed), "--gallery", str(home / "gallery")]], home)
        assert code == 2
        assert told == f"resight: The folder {closed} cannot be read: Permission denied.\n"
    finally:
        closed.chmod(0o755)


@pytest.mark.parametrize("error", [5, 107, 116])  # a drive that broke, or went away under the folder
def test_a_drive_that_does_not_answer_is_no_missing_gallery(error, home, monkeypatch):
    stat = Path.stat

    def broken(path: Path, **more: object) -> os.stat_result:
        if path.name == "catalogue.sqlite":
            raise OSError(error, os.strerror(error))
        return stat(path, **more)

    monkeypatch.setattr(Path, "stat", broken)
    gallery = home / "photos" / ".resight"
    for ask in (find_gallery, Gallery, lambda folder: Writer(folder, must_exist=True)):
        with pytest.raises(GalleryError, match=f"cannot be read .{os.strerror(error)}"):
            ask(gallery)


def test_a_catalogue_that_is_damaged_in_the_middle_is_one_sentence(tmp_path):
    """SQLite looks at a page when it is asked for what is on it, and not when the file is opened."""
    gallery = tmp_path / "photos" / ".resight"
    small.album(tmp_path / "photos", 4)
    small.index(tmp_path / "photos", small.PLAIN)
    with Writer(gallery) as writer:
        writer.vacuum()
    pages = small.execute(gallery, "SELECT rootpage FROM sqlite_master WHERE tbl_name IN ('files', 'images')")
    with open(gallery / "catalogue.sqlite", "r+b") as file:
        for (page,) in pages:
            file.seek(4096 * (page - 1))
            file.write(b"\xff" * 4096)
    with pytest.raises(GalleryError, match="malformed"), snapshot_of(gallery) as opened:
        list(opened.catalogue.files())
    with pytest.raises(GalleryError, match="malformed"), snapshot_of(gallery) as opened:
        opened.catalogue.count()
