"""A real S3 server in a process of its own, by moto; it listens on this machine alone."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

SECRET = "a-key-that-nobody-may-see"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "resight", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_DEFAULT_REGION": "us-east-1",
}  # fmt: skip


class S3:
    """A server that may be killed and started again, empty; `environment` tells clients where it is."""

    def __init__(self) -> None:
        pytest.importorskip("s3fs", reason="s3fs is not installed: pip install 'resight[objects]'")
        for package in ("moto", "flask", "flask_cors"):
            pytest.importorskip(package, reason="moto's server is not installed: pip install 'resight[dev]'")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def environment(self) -> dict[str, str]:
        return ENVIRONMENT | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}"}

    def start(self) -> None:
        line = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
        self._process = subprocess.Popen(line, env=os.environ | ENVIRONMENT, **quiet)
        for _ in range(1200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/moto-api/", timeout=5).close()
                return
            except (urllib.error.URLError, OSError):
                assert self._process.poll() is None
                time.sleep(0.05)
        raise AssertionError("The S3 server does not start.")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def put_folder(address: str, folder: Path) -> None:
    """All files of a folder as objects."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and ".resight" not in path.parts:
            put(f"{address}/{path.relative_to(folder).as_posix()}", path.read_bytes())


def put(address: str, data: bytes) -> None:
    from fsspec.core import url_to_fs

    files, path = url_to_fs(address)
    files.pipe_file(path, data)


def delete(address: str) -> None:
    from fsspec.core import url_to_fs

    files, path = url_to_fs(address)
    files.rm_file(path)
