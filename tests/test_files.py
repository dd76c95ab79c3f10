"""Files that are written whole, and the one folder for what may be made again."""

import errno
import os
import subprocess
import sys

import pytest

from resight import files
from resight.cli._exit_codes import exit_code
from resight.errors import (
    BadImage,
    FetchFailed,
    GalleryLocked,
    NotReached,
    ResightError,
    StorageFailed,
    UnknownMethod,
)

# Written whole


def test_a_file_is_written_from_its_pieces_and_nothing_lies_beside_it(tmp_path):
    target = tmp_path / "page.html"
    files.write_whole(target, (piece for piece in (b"one ", b"", b"two")))
    assert target.read_bytes() == b"one two"
    assert os.listdir(tmp_path) == ["page.html"]


def test_a_reader_sees_the_old_file_until_the_new_one_is_whole(tmp_path):
    target = tmp_path / "page.html"
    target.write_bytes(b"old")

    def pieces():
        yield b"new"
        assert target.read_bytes() == b"old"
        yield b" and longer"

    files.write_whole(target, pieces())
    assert target.read_bytes() == b"new and longer"


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left"), ValueError("no piece"), KeyboardInterrupt()]
)
def test_where_a_piece_fails_the_old_file_stays_and_nothing_is_left(error, tmp_path):
    target = tmp_path / "page.html"
    target.write_bytes(b"old")

    def pieces():
        yield b"new"
        raise error

    with pytest.raises(type(error)):
        files.write_whole(target, pieces())
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["page.html"]


def test_what_a_link_points_to_is_written_and_the_link_stays(tmp_path):
    (tmp_path / "there").mkdir()
    link = tmp_path / "page.html"
    link.symlink_to(tmp_path / "there" / "real.html")
    files.write_whole(link, [b"whole"])
    assert link.is_symlink()
    assert (tmp_path / "there" / "real.html").read_bytes() == b"whole"
    assert os.listdir(tmp_path / "there") == ["real.html"]


def test_permissions_are_those_of_any_new_file(tmp_path):
    before = os.umask(0o027)
    try:
        files.write_whole(tmp_path / "page", [b""])
    finally:
        os.umask(before)
    assert (tmp_path / "page").stat().st_mode & 0o777 == 0o640


def test_a_name_as_long_as_a_file_system_takes_is_written(tmp_path):
    target = tmp_path / ("\u00e9" * 127)
    files.write_whole(target, [b"whole"])
    assert target.read_bytes() == b"whole"


def test_the_bytes_are_synced_before_the_name_is_changed(tmp_path):
    steps = []
    target = tmp_path / "page"
    files.write_whole(
        target,
        [b"whole"],
        sync=lambda file: steps.append(("sync", os.fstat(file).st_size, target.exists())),
        rename=lambda old, new: steps.append(("rename", old.suffix, new.name)),
    )
    assert steps == [("sync", 5, False), ("rename", ".unfinished", "page")]


# One cache folder

NO_HOME = """
import os, pathlib, sys
from resight import files
from resight.errors import ResightError
try:
    print(files.cache_folder())
except ResightError as error:
    print(error)
"""


def told(**environment):
    kept = {key: value for key, value in os.environ.items() if key not in ("HOME", "XDG_CACHE_HOME")}
    done = subprocess.run(
        [sys.executable, "-c", NO_HOME], env=kept | environment, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_the_cache_lies_in_the_variables_folder_else_in_the_home(tmp_path):
    assert told(HOME=str(tmp_path)) == str(tmp_path / ".cache" / "resight")
    assert told(HOME=str(tmp_path), XDG_CACHE_HOME="/elsewhere") == "/elsewhere/resight"
    assert told(HOME=str(tmp_path), XDG_CACHE_HOME="") == str(tmp_path / ".cache" / "resight")


def test_a_home_that_is_not_there_is_one_sentence_that_names_the_variable(tmp_path):
    said = told(HOME=str(tmp_path / "gone"))
    assert said == (
        f"There is no home folder ({tmp_path / 'gone'}) to keep a cache in: name a folder in XDG_CACHE_HOME."
    )


def test_without_any_home_every_cache_says_so_in_one_sentence(monkeypatch):
    from resight.engines import openvino
    from resight.evaluator import workspace

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr("pathlib.Path.home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    for folder in (files.cache_folder, openvino.cache_folder, workspace.cache):
        with pytest.raises(StorageFailed, match=r"^There is no home folder to keep .* XDG_CACHE_HOME\.$"):
            folder()


# Exit codes


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ResightError("x"), 2), (UnknownMethod("step", "x", []), 2), (NotReached("x"), 2),
        (FetchFailed("x"), 1), (BadImage("x"), 1), (StorageFailed("x"), 3), (GalleryLocked("x"), 3),
    ],
)  # fmt: skip
def test_each_error_has_the_code_of_the_nearest_kind_that_has_one(error, code):
    assert exit_code(error) == code
