"""What is Milvus' alone: Milvus Lite in a folder, its address and token, and state without transactions."""

import json
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from resight.errors import StoreFailed, StoreUnavailable
from resight.stores import milvus
from resight.stores._asking import Asking
from resight.stores._collections import WIDEST, Collections
from resight.stores._lines import Line, merge
from resight.stores._served import Effort
from support.rows import clustered

pytest.importorskip("pymilvus", reason="no pymilvus: pip install 'resight[milvus]'")
pytest.importorskip("milvus_lite", reason="no milvus-lite: pip install 'resight[milvus]'")
NONE = np.empty(0, np.int64)

SEARCH = """
import json, sys, numpy as np
from pathlib import Path
from resight.progress import Silent
from resight.stores import Given, milvus
rows = np.load(sys.argv[1])
if sys.argv[2] == "push":
    milvus.keep(Path("."), Given("g", 1, rows, np.empty(0, np.int64)), Silent())
store = milvus.milvus(1, rows.shape[1], Path("."), "g", share=1e-9, recall=0.9)
store.add(0, rows, lambda: np.arange(len(rows)))
print(json.dumps([store.exact, store.search(rows[5:6], 200)[0].tolist()]))
"""


def test_a_folder_of_milvus_lite_needs_no_server_and_belongs_to_one_process(tmp_path, monkeypatch):
    rows = clustered(300)
    np.save(tmp_path / "rows.npy", rows)
    told = []
    for action in ("push", "search"):  # the second process opens what the first one wrote
        run = subprocess.run(
            [sys.executable, "-c", SEARCH, tmp_path / "rows.npy", action],
            env=os.environ | {"RESIGHT_MILVUS": str(tmp_path / "rows.db")},
            capture_output=True, text=True, timeout=900, cwd=tmp_path,
        )  # fmt: skip
        assert (run.returncode, run.stderr) == (0, "")
        told.append(json.loads(run.stdout))
    best = np.argsort(-(rows @ rows[5]), kind="stable")[:200].tolist()
    assert told == [[False, best]] * 2
    with (tmp_path / "rows.db" / "LOCK").open("r+b") as lock:
        import fcntl

        fcntl.flock(lock, fcntl.LOCK_EX)
        monkeypatch.setenv("RESIGHT_MILVUS", str(tmp_path / "rows.db"))
        with pytest.raises(StoreFailed, match="no other process uses it") as caught:
            milvus.check()
    assert str(tmp_path) not in str(caught.value)


def test_an_address_that_is_missing_or_no_address_is_told_without_its_password(monkeypatch, tmp_path):
    monkeypatch.delenv("RESIGHT_MILVUS", raising=False)
    with pytest.raises(StoreUnavailable, match="RESIGHT_MILVUS_FILE"):
        milvus.check()
    (tmp_path / "address").write_text("http://me:secret@127.0.0.1:1\n")
    (tmp_path / "token").write_text("me:secret\n")
    monkeypatch.setenv("RESIGHT_MILVUS_FILE", str(tmp_path / "address"))
    monkeypatch.setenv("RESIGHT_MILVUS_TOKEN_FILE", str(tmp_path / "token"))
    with pytest.raises(StoreFailed, match="does not answer") as caught:
        milvus.check()
    assert "secret" not in str(caught.value)
    for address in ("secret", "http://127.0.0.1:99999/secret", "http://secret@[::1", "secret/none/x.db"):
        monkeypatch.setenv("RESIGHT_MILVUS", address)
        with pytest.raises((StoreUnavailable, StoreFailed)) as told:
            milvus.check()
        assert "secret" not in str(told.value)


def test_wider_rows_are_refused():
    with pytest.raises(StoreUnavailable, match=r"at most 32,768 numbers, and these have 32,769"):
        Collections(None).prepare(WIDEST + 1)


def test_lines_say_the_same_in_whatever_order_and_however_often_they_come():
    """So does a push that was killed between two of them, or one beside it that is slower."""
    efforts = (Effort(200, 2, 0.99),)
    lines = [
        Line(generation=3, width=8), Line(rows=20, proof=7, apart=()), Line(rows=10, proof=5),
        Line(apart=(4, 2)), Line(apart=(4, 25)), Line(deleted=2), Line(measured=20, efforts=efforts),
    ]  # fmt: skip
    for given in (lines, lines[::-1], lines + lines[1:3]):
        told = merge("g", 5, given)
        assert (told.gallery, told.number, told.generation, told.width) == ("g", 5, 3, 8)
        assert (told.rows, told.proof, told.deleted) == (20, 7, 2)
        assert told.apart.tolist() == [2, 4]  # row 25 is of a block that was not counted yet
        assert (told.measured, told.efforts) == (20, efforts)


class Making:
    """A client whose collection another process makes: it is there, and listed some moments later."""

    def __init__(self, listed_after: int, told: str) -> None:
        self.asked, self._listed_after, self._told = 0, listed_after, told

    def create_collection(self, name, **more):
        raise OSError(17, self._told)

    def list_collections(self, **more):
        self.asked += 1
        if self.asked == 2:
            raise OSError(2, "No such file or directory: 'schema.json'")  # listed, and not whole yet
        return ["rows"] if self.asked > self._listed_after else []


def test_a_collection_that_another_process_is_making_is_waited_for():
    client = Making(3, "File exists")
    Asking(client).create("rows", None)
    assert client.asked == 4
    with pytest.raises(OSError, match="no room"):
        Asking(Making(3, "no room")).create("rows", None)


class Slow:
    """A client that takes its time to make a collection."""

    def __init__(self) -> None:
        self.begun, self.go, self.done = threading.Event(), threading.Event(), []

    def create_collection(self, name, **more):
        self.begun.set()
        assert self.go.wait(60)
        self.done.append("made")

    def list_collections(self, **more):
        self.done.append("listed")
        return []


def test_no_thread_lists_collections_while_another_makes_one():
    client = Slow()
    making = threading.Thread(target=lambda: Asking(client).create("rows", None))
    listing = threading.Thread(target=lambda: Asking(client).list_all())
    making.start()
    assert client.begun.wait(60)
    listing.start()
    listing.join(0.2)
    assert client.done == []
    client.go.set()
    making.join()
    listing.join()
    assert client.done == ["made", "listed"]
