"""Photos that are deleted between two updates are still found, and said to be no longer there."""

import json
import os
import shutil
from pathlib import Path

import pytest

from resight.gallery import Gallery
from resight.roots.folder import is_gone
from resight.searcher import Searcher
from support import small

pytestmark = pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """Six photos and a copy of the first, of which the copy and a folder of three are deleted later."""
    root = tmp_path_factory.mktemp("gone") / "photos"
    small.album(root, 6)
    shutil.copyfile(root / "a" / "000.png", root / "copy.png")
    small.index(root, small.PLAIN)
    shutil.rmtree(root / "b")
    (root / "copy.png").unlink()
    return root


GONE = {"copy.png", "b/001.png", "b/003.png", "b/005.png"}


def told(*words: Path | str) -> str:
    run = small.command(*words)
    out, err = run.communicate()
    assert run.returncode == 0, err
    return out


def test_hits_whose_files_are_gone_are_marked(root):
    with Gallery(root / ".resight") as gallery:
        hits = Searcher(gallery).search(root / "a" / "000.png", 10)
    assert {hit.relative for hit in hits if hit.gone} == GONE
    assert {hit["relative"] for hit in hits.as_dict()["hits"] if hit["gone"]} == GONE


def test_a_file_that_cannot_be_looked_at_is_not_said_to_be_gone(root, monkeypatch):
    def refused(path: Path, **_: object) -> os.stat_result:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", refused)
    assert not is_gone(root / "b" / "001.png")
    monkeypatch.undo()
    assert is_gone(root / "b" / "001.png")
    assert is_gone(root / "a" / "000.png" / "below.png")
    assert not is_gone(root / "a" / "000.png")


def test_search_says_so_in_lines_in_json_and_on_the_page(root):
    photo, page = root / "a" / "000.png", root.parent / "page.html"
    lines = told("search", photo, "--gallery", root, "--html", page).splitlines()
    marked = {line.split(str(root) + "/")[1].split("  (")[0] for line in lines if "(no longer there)" in line}
    assert marked == GONE
    assert page.read_text(encoding="utf8").count(", no longer there</span>") == len(GONE)
    found = json.loads(told("search", photo, "--gallery", root, "--json"))
    assert {hit["relative"] for hit in found["hits"] if hit["gone"]} == GONE


def test_show_says_so_of_copies_and_of_the_nearest(root):
    photo = root / "a" / "000.png"
    lines = told("show", photo, "--gallery", root, "-k", "10").splitlines()
    assert "copy        copy.png  (no longer there)" in lines
    assert sum("(no longer there)" in line for line in lines) == len(GONE)
    found = json.loads(told("show", photo, "--gallery", root, "-k", "10", "--json"))
    assert found["gone"] == ["copy.png"]
    assert {hit["relative"] for hit in found["nearest"] if hit["gone"]} == GONE - {"copy.png"}


def test_after_an_update_nothing_is_gone(root, tmp_path):
    shutil.copytree(root, tmp_path / "photos")
    small.index(tmp_path / "photos", prune=True)
    with Gallery(tmp_path / "photos" / ".resight") as gallery:
        hits = Searcher(gallery).search(tmp_path / "photos" / "a" / "000.png", 10)
    assert [hit.relative for hit in hits if hit.gone] == []
    assert len(hits) == 3
