"""A server of Milvus Lite, from its package, as a process that may be killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from resight.stores import _milvus
from resight.stores._asking import STRONG, Asking
from resight.stores._served import Served


class Milvus:
    """Milvus Lite behind a port of this machine."""

    name, variable = "milvus", "RESIGHT_MILVUS"
    rows_at_once = 1_000_000  # that a query gives
    patience = 70.0  # seconds, for its start

    def __init__(self) -> None:
        for package in ("pymilvus", "milvus_lite"):
            pytest.importorskip(package, reason=f"no {package}: pip install 'resight[milvus]'")
        self.folder, self._port = Path(tempfile.mkdtemp(prefix="resight-milvus-")), self._choose_port()
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self.start()
        except BaseException:
            self.stop()  # it would keep the port
            raise

    @staticmethod
    def _choose_port() -> int:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port: int = free.getsockname()[1]
            return port

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        line, where, more = self._command()
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                line, cwd=where, env=os.environ | more, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv(self.variable, self.address)
            self._wait_for_clients(self._process, time.monotonic() + self.patience)

    def _command(self) -> tuple[list[str], Path, dict[str, str]]:
        """What is run, where, and with what more in the environment."""
        line = [sys.executable, "-W", "ignore", "-m", "milvus_lite", "server", "--data-dir", "data"]
        return [*line, "--host", "127.0.0.1", "--port", str(self._port)], self.folder, {}

    def _wait_for_clients(self, process: subprocess.Popen[bytes], until: float) -> None:
        """Until it listens and answers: clients that saw it go away are refused for more than a second."""
        while True:
            assert process.poll() is None, (self.folder / "log").read_text()
            try:
                socket.create_connection(("127.0.0.1", self._port)).close()
                self.tables()
                return
            except Exception:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def kill(self) -> None:
        """At once, as when the power goes."""
        assert self._process
        with contextlib.suppress(ProcessLookupError):  # it has ended by itself
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _ask(self, what: str, *words: Any, **more: Any) -> Any:
        with _milvus.connect() as client:
            return getattr(client, what)(*words, **more)

    def _query(self, served: Served, condition: str, fields: list[str]) -> Any:
        """What lies in a collection of rows, which a server that was started anew has not loaded."""
        table = f"resight_rows_{served.number}"
        more = {"filter": condition, "output_fields": fields, "consistency_level": STRONG}
        with _milvus.connect() as client:
            return Asking(client).ask_loaded(table, lambda: client.query(table, **more))

    def images(self, served: Served) -> list[tuple[int, int]]:
        """Rows that lie there, each with its image; one that lay there twice would come twice."""
        found, first, told = [], 0, [{}]
        while told or first < served.rows:
            last = first + self.rows_at_once
            told = self._query(served, f"id >= {first} and id < {last}", ["id", "image"])
            found += [(each["id"], each["image"]) for each in told]
            first = last
        return sorted(found)

    def vector(self, served: Served, row: int) -> list[float]:
        (told,) = self._query(served, f"id in [{row}]", ["embedding"])
        return told["embedding"]

    @contextlib.contextmanager
    def without(self, served: Served, row: int) -> Iterator[None]:
        """As if the server had lost a row."""
        kept = {"id": row, "image": row, "embedding": self.vector(served, row)}
        self._ask("delete", f"resight_rows_{served.number}", ids=[row])
        yield
        self._ask("upsert", f"resight_rows_{served.number}", [kept])

    def tables(self) -> set[int]:
        """The numbers of all collections of rows."""
        found = self._ask("list_collections")
        return {int(each.rpartition("_")[2]) for each in found if each.startswith("resight_rows_")}
