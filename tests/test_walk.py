"""What an update makes of a folder: times of any year, folders of thumbnails, globs, drives that are away."""

import os
from pathlib import Path

import pytest

import small
from resight.gallery import Gallery, check
from resight.gallery.stored import file_state
from resight.searcher import Searcher

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
        assert list(check.verify(gallery)) == []
        assert next(iter(Searcher(gallery, "openvino").search(late))).self
    os.utime(late, ns=(LAST + 1 + 10**10, LAST + 1 + 10**10))
    assert small.index(root).same == 1
