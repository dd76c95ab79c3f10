"""A real Milvus server, from a package: it listens on all addresses, so a network namespace holds it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec

import pytest

from support.milvus import Milvus

NAMED = "RESIGHT_TEST_MILVUS_SERVER"  # is set inside a network namespace, where the server may be started
STARTING = 300  # seconds


class MilvusServer(Milvus):
    """As Milvus Lite, at the port that a real server has; it stores by etcd and a log of its own."""

    rows_at_once = 10_000

    def __init__(self) -> None:
        if find_spec("milvus") is None:
            pytest.skip("no Milvus server: pip install 'resight[soak]'")
        super().__init__()

    @property
    def address(self) -> str:
        return "http://127.0.0.1:19530"

    def start(self) -> None:
        data = self.folder / "data"
        binary = data / "bin" / "milvus"
        if binary.exists():  # the package's command would take other ports than those of a killed server
            line = [str(binary), "run", "standalone"]
            more = {
                "DEPLOY_MODE": "STANDALONE", "MILVUS_RUN_DIR": str(data / "run"),
                "LD_LIBRARY_PATH": str(binary.parent),
            }  # fmt: skip
        else:
            data.mkdir()
            line = [sys.executable, "-c", "import milvus; milvus.main()", "--data", str(data)]
            more = {}
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                line, cwd=data, env=os.environ | more, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        before, until = os.environ.get(self.variable), time.monotonic() + STARTING
        os.environ[self.variable] = self.address
        try:
            self._wait(until)
        finally:
            if before is None:
                del os.environ[self.variable]

    def _wait(self, until: float) -> None:
        while True:
            assert self._process
            assert self._process.poll() is None, (self.folder / "log").read_text()
            try:
                self.tables()
                return
            except Exception:
                if time.monotonic() > until:
                    raise
                time.sleep(1)

    def kill(self) -> None:
        assert self._process
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
