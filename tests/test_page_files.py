"""The files of the page: nothing from elsewhere, nothing inline, every module small and there."""

import re
from pathlib import Path

import pytest

import resight

PAGE = Path(resight.__file__).parent / "serving" / "page"
FILES = sorted(path for path in PAGE.rglob("*") if path.is_file())
NAMESPACE = "http://www.w3.org/2000/svg"


def test_the_page_has_a_document_modules_and_styles():
    assert {path.suffix for path in FILES} == {".html", ".js", ".css", ".svg"}
    assert (PAGE / "index.html") in FILES


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_is_asked_of_another_host_and_nothing_is_inline(path):
    text = path.read_text(encoding="utf8").replace(NAMESPACE, "")
    assert not re.search(r"https?:|[\"'(]//", text)
    assert not re.search(r"\son\w+=\"|\sstyle=\"|<style|<script(?![^>]* src=)", text)
    assert "innerHTML" not in text  # names of files are text, whatever is in them
    assert text.count("\n") <= 260


def test_whatever_is_named_is_there():
    document = (PAGE / "index.html").read_text(encoding="utf8")
    named = re.findall(r'(?:href|src)="page/([^"]+)"', document)
    assert len(named) > 5
    assert all((PAGE / name).is_file() for name in named)
    marks = set(re.findall(r'id="([^"]+)"', document))
    for path in (PAGE / "js").glob("*.js"):
        text = path.read_text(encoding="utf8")
        assert all((path.parent / name).is_file() for name in re.findall(r'from "\./([^"]+)"', text)), path
        assert set(re.findall(r'\$\("#([\w-]+)"\)', text)) <= marks, path
        assert {f"i-{name}" for name in re.findall(r'icon\("([\w-]+)"\)', text)} <= marks, path
