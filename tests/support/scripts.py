"""Benchmarks as modules, and scripts run as `python SCRIPT` does, where the large libraries are already."""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import runpy
import sys
import threading
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType

PATIENCE = 300  # seconds
BENCHMARKS = Path(__file__).resolve().parent.parent.parent / "benchmarks"


def load_benchmark(name: str) -> ModuleType:
    """A file of the folder of benchmarks, as a module."""
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_script(words: list[str], folder: Path, environment: Mapping[str, str], told: Path) -> int | None:
    """The exit code of a script that is run in a folder, which writes what it prints to the file `told`."""
    process = Forked(words, folder, environment)
    told.write_text("".join(process.communicate()))
    return process.returncode


class Forked:
    """`python WORDS` with pipes for what it prints, as `subprocess.Popen` has it.

    Libraries take ten seconds of a core to import; here a process that has done so is forked.
    """

    def __init__(self, words: Sequence[str], folder: Path | str, environment: Mapping[str, str]) -> None:
        forking = multiprocessing.get_context("forkserver")
        forking.set_forkserver_preload(["support.large"])
        pipes = [multiprocessing.Pipe(duplex=False) for _ in range(2)]
        given = (
            [str(word) for word in words],
            str(folder),
            dict(environment),
            *(writing for _, writing in pipes),
        )
        self._process = forking.Process(target=_run, args=given)
        self._process.start()
        self.stdout, self.stderr = (open(os.dup(reading.fileno())) for reading, _ in pipes)  # noqa: SIM115
        for ends in pipes:
            for end in ends:
                end.close()
        self.pid: int = self._process.pid or 0

    @property
    def returncode(self) -> int | None:
        """None while it runs; the number of a signal that ended it, less than zero."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int | None:
        """Until it has ended; it is killed after so many seconds."""
        self._process.join(timeout)
        if self.returncode is None:
            self.kill()
            self._process.join()
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it prints until it ends."""
        killer = threading.Timer(timeout or PATIENCE, self.kill)
        killer.start()
        with ThreadPoolExecutor(1) as reader, self.stdout, self.stderr:
            error = reader.submit(self.stderr.read)
            told = self.stdout.read(), error.result()
        self._process.join()
        killer.cancel()
        return told

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self._process.kill()


def _run(words: list[str], folder: str, environment: dict[str, str], *streams: Connection) -> None:
    for number, stream in enumerate(streams, 1):
        os.dup2(stream.fileno(), number)
        stream.close()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    if environment.get("PYTHONWARNINGS") == "ignore":
        warnings.simplefilter("ignore")
    sys.path[1:1] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    if words[0] == "-m":
        sys.argv, sys.path[0] = words[1:], folder
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv, sys.path[0] = words, str(Path(words[0]).parent)
        runpy.run_path(words[0], run_name="__main__")
