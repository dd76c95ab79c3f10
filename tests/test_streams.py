"""Stdout and stderr that are closed, full or read by nobody; and names that a terminal must not be sent."""

import json
import os
import shlex
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from resight.cli._names import printable, quoted
from resight.cli._terminal import print_json
from support import small

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
PAGES = ["--help", "--version", "search --help", "recipes", "methods --json", "data"]
BAD = "caf\udce9\x1b[31m'\\\n$.png"  # no UTF-8, an escape, and what a shell takes as its own


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A gallery of a few photos, one of which has a name that no terminal should see."""
    folder = tmp_path_factory.mktemp("photos")
    small.album(folder, 3)
    os.rename(folder / "a" / "000.png", folder / BAD)
    os.link(folder / BAD, folder / "twin\u202e.png")
    (folder / "broken\x1b.png").write_bytes(b"none")
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # random weights
        small.index(folder, small.PLAIN)
    return folder


def verbs_of(photos):
    """Commands that say something of a gallery, with their exit codes."""
    at = f"--gallery {shlex.quote(str(photos))}"
    return {
        f"search {photos}/b/001.png {at}": 0, f"search {photos}/b/001.png {at} --json": 0,
        f"show {photos}/b/001.png {at}": 0, f"info {at}": 0, f"info --failures {at}": 0, f"verify {at}": 0,
        f"index {photos}": 0, f"compact {at}": 0,
    }  # fmt: skip


def shell(line, **more):
    """A line for bash in which `resight` is the command."""
    resight = f'resight() {{ {shlex.quote(sys.executable)} -W ignore -m resight "$@"; }}; set -o pipefail; '
    return subprocess.run(["bash", "-c", resight + line], capture_output=True, timeout=100, **more)


@needs_full
@pytest.mark.parametrize("words", PAGES)
def test_a_full_disk_behind_stdout_is_one_sentence(words):
    done = shell(f"resight {words} > /dev/full")
    assert done.returncode == 3
    told = done.stderr.decode()
    assert told.count("\n") == 1
    assert told.startswith("resight: The result could not be written to stdout (No space left on device)")


@needs_full
def test_a_full_disk_behind_the_result_of_a_verb_is_one_sentence(photos):
    for words in verbs_of(photos):
        done = shell(f"resight {words} > /dev/full")
        assert (done.returncode, done.stderr.count(b"\n")) == (3, 1), (words, done.stderr)
        assert b"No space left" in done.stderr


def test_a_closed_stdout_or_stderr_is_like_dev_null(photos):
    for words, code in list(verbs_of(photos).items())[1::2]:
        told = shell(f"resight {words}").stdout
        closed = shell(f"resight {words} >&-")
        assert (closed.returncode, closed.stderr) == (code, b""), words
        silent = shell(f"resight {words} 2>&- <&-")
        assert (silent.returncode, silent.stdout) == (code, told), words
    assert shell("resight recipes no-such-recipe >&- 2>&-").returncode == 2


@needs_full
def test_a_full_disk_behind_stderr_keeps_nobody_from_the_result(photos, tmp_path):
    small.album(tmp_path / "new", 2)
    recipe = small.toml(small.PLAIN, tmp_path)
    done = shell(f"resight index {tmp_path}/new --recipe {recipe} 2> /dev/full")
    assert done.returncode == 0
    assert done.stdout.startswith(b"2 photos: 2 described.")


def test_a_catalogue_never_gets_the_number_of_a_closed_stream(photos):
    """SQLite refuses such numbers itself, but the files of vectors would take them."""
    code = (
        "import os; from resight.cli._streams import take_streams; take_streams(); "
        "assert os.open('.', os.O_RDONLY) > 2"
    )
    for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
        done = shell(f"{shlex.quote(sys.executable)} -c {shlex.quote(code)} {closed}")
        assert done.returncode == 0, closed


def test_a_reader_that_has_enough_is_no_error(photos):
    for words, code in verbs_of(photos).items():
        done = shell(f"resight {words} | head -n 1 > /dev/null")
        assert (done.returncode, done.stderr) == (code, b""), (words, done.stderr)
    # a pipe whose reader is gone before the first word
    gone = shell(f"resight search {photos}/b/001.png | true")
    assert (gone.returncode, gone.stderr) == (0, b"")


# Names


@pytest.mark.parametrize(
    "name",
    [BAD, "\x1b]0;title\x07", "tab\t", "new\nline", "rtl\u202e.png", "$'is'", "\x7f", "\u2028", "\udcff7"],
)  # fmt: skip
def test_a_shell_takes_a_name_back(name):
    told = quoted(name)
    assert told.isprintable()
    assert os.fsdecode(shell(f"printf %s {told}").stdout) == name


@pytest.mark.parametrize(
    "name", ["a b.png", "naïve/像.jpg", "میخواهم\u200cها.png", "👩\u200d👧.jpg", "it's.jpg", "a\\b"]
)
def test_a_name_that_can_be_shown_is_shown(name):
    assert quoted(name) == name
    assert printable(name) == name


def test_a_name_that_the_encoding_of_stdout_has_not_is_quoted(photos):
    code = "import sys; from resight.cli._names import quoted; print(quoted('\\u50cf é.png'))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONIOENCODING": "latin-1"}, capture_output=True
    )
    assert done.stdout == rb"$'\345\203\217 " + "é.png'\n".encode("latin-1")


def test_names_of_photos_are_printed_so_that_a_shell_takes_them_back(photos):
    done = shell(f"resight search {photos}/b/001.png --gallery {photos}")
    lines = done.stdout.decode().splitlines()
    assert len(lines) == 4  # a line break in a name breaks no line
    assert all(line.isprintable() for line in lines)
    bad = next(line for line in lines if r"\351" in line).split(maxsplit=2)[2]
    again = shell(f"resight search {bad} --gallery {photos} -k 1")
    assert again.stdout.decode().endswith(f"{bad}  (the query itself)\n")
    shown = shell(f"resight show {bad} --gallery {photos}").stdout.decode()
    assert all(line.isprintable() for line in shown.splitlines())
    assert shown.startswith(f"photo       {quoted(BAD)}\n")
    failed = shell(f"resight info --failures --gallery {photos}").stdout.decode()
    assert failed.startswith(r"$'broken\033.png': ")


def test_an_error_and_a_note_send_no_escapes_to_a_terminal(photos):
    done = shell(f"resight search $'{photos}/no\\033[2Jsuch.png' --gallery {photos}")
    assert done.returncode == 2
    assert rb"no\033[2Jsuch.png" in done.stderr
    assert b"\x1b" not in done.stderr
    os.unlink(photos / "twin\u202e.png")
    told = shell(f"resight verify --gallery {photos}").stdout.decode()
    assert r"twin\342\200\256.png" in told
    assert told.replace("\n", "").isprintable()


def test_json_has_names_as_python_spells_them(photos, capsys):
    done = shell(f"resight search {photos}/b/001.png --gallery {photos} --json")
    hits = json.loads(done.stdout)["hits"]
    assert BAD in [hit["relative"] for hit in hits]
    assert (photos / os.fsencode(BAD).decode("utf8", "surrogateescape")).exists()
    assert done.stdout.isascii()
    print_json({"name": "\udcff"})
    assert capsys.readouterr().out == '{\n  "name": "\\udcff"\n}\n'
