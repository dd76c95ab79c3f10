"""A stranger's walk, timed: from a clone to the page with a folder of photos, by the lines of the README.

The project is cloned, `.[serve]` installed into a new environment, a folder of photos of the shared data
(three in four of ImageNet, the others covers) indexed with local features, and the page opened: the seconds
until the service takes connections, answers, and has loaded its network. results/walk.csv has a row a number
of photos.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from record import record
from serving import free_port, wait_for
from shared_data import needed_data

ROOT = Path(__file__).resolve().parent.parent
OPENED = 3  # times that the page is opened; the slowest counts


def photos_of(data: Path, folder: Path, count: int) -> None:
    """Copy so many photos: those with the smallest hashes of their names."""
    folder.mkdir()
    for place, share in (
        (data / "distractors/imagenet_samples", count - count // 4),
        (data / "dvd_covers", count // 4),
    ):
        found = sorted(
            place.rglob("*.jpg"),
            key=lambda path: hashlib.sha256(str(path.relative_to(place)).encode()).digest(),
        )
        for number, path in enumerate(found[:share]):
            shutil.copy(path, folder / f"{place.name}-{number:04d}.jpg")


@contextmanager
def timed(row: dict[str, object], step: str) -> Iterator[None]:
    """The seconds of a step."""
    begun = time.perf_counter()
    yield
    row[step] = f"{time.perf_counter() - begun:.1f}"


def install(row: dict[str, object], folder: Path) -> Path:
    """A clone with an environment of its own: its Python."""
    clone = folder / "project"
    with timed(row, "clone_s"):
        subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
    with timed(row, "install_s"):
        subprocess.run([sys.executable, "-m", "venv", clone / ".venv"], check=True)
        python = clone / ".venv/bin/python"
        subprocess.run([python, "-m", "pip", "install", "-q", "-e", f"{clone}[serve]"], check=True)
    return python


def open_page(python: Path, photos: Path) -> dict[str, float]:
    """Seconds from the command until connections are taken, an answer comes, and the network is loaded."""
    port, begun, found = free_port(), time.perf_counter(), {}
    line = [python, "-m", "resight", "serve", photos, "--writable", "--port", str(port)]
    process = subprocess.Popen(line, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        while "connects_s" not in found:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                found["connects_s"] = time.perf_counter() - begun
            time.sleep(0.01)
        for step, path in (("answers_s", "/health"), ("ready_s", "/ready")):
            wait_for(port, path)
            found[step] = time.perf_counter() - begun
    finally:
        process.terminate()
        process.wait()
    return found


def main() -> None:
    """Measure, print, and write results/walk.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--here", action="store_true", help="in this environment: neither clone nor install")
    asked, data = parser.parse_args(), needed_data("there are no photos")
    row: dict[str, object] = {"photos": asked.photos, "clone_s": "", "install_s": ""}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        python = Path(sys.executable) if asked.here else install(row, folder)
        photos_of(data, folder / "photos", asked.photos)
        with timed(row, "index_s"):
            line = [python, "-m", "resight", "index", folder / "photos", "--local-features"]
            subprocess.run(line, check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        opened = [open_page(python, folder / "photos") for _ in range(OPENED)]
        row |= {step: f"{max(each[step] for each in opened):.2f}" for step in opened[0]}
    steps = ("clone_s", "install_s", "index_s", "answers_s")
    row["all_s"] = f"{sum(float(str(row[step]) or 0) for step in steps):.0f}"
    print(row)
    record("walk", row, ("photos",))


if __name__ == "__main__":
    main()
