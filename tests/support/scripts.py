"""Benchmarks as modules, and scripts run as `python SCRIPT` does, where the large libraries are already."""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import runpy
import sys
from collections.abc import Mapping
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
    """The exit code of a script that is run in a folder, which writes what it prints to the file `told`.

    Libraries take ten seconds of a core to import; here a process that has done so is forked.
    """
    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload(["support.large"])
    process = forking.Process(target=_run, args=(words, folder, dict(environment), told))
    process.start()
    process.join(PATIENCE)
    if process.is_alive():
        process.kill()
        process.join()
    return process.exitcode


def _run(words: list[str], folder: Path, environment: dict[str, str], told: Path) -> None:
    output = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    script = str(folder / words[0])
    sys.argv = [script, *words[1:]]
    sys.path[0] = str(Path(script).parent)
    runpy.run_path(script, run_name="__main__")
