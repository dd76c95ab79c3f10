"""Diffusion over 100,000 vectors of 256 numbers: the graph of neighbours, its update, and a query.

The vectors are 2,000 random centres with as much noise, at unit length: groups of some 50 that overlap.
Queries are stored vectors with a twentieth of noise. Each step is a process of its own, which finds the file
that the one before it kept; memory is the highest anonymous memory that a sampling thread saw.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

import numpy as np

from record import record
from resight import methods
from resight.ranking import Numbers, Query, Ranked
from resight.rerankers._graph import neighbours
from resight.stores.memory_map import memory_map
from resight.types import Region, Vectors

WIDTH, CENTRES, K, ADDED, DIED, QUERIES = 256, 2_000, 50, 1_000, 100, 50


class Mapped:
    """Photos of one row each, over a memory map: what a re-ranker asks for, and no local features."""

    identity = "benchmark"

    def __init__(self, folder: Path, count: int, dead: int = 0) -> None:
        self.folder, self.owners = folder, np.arange(count)
        self.owners[:dead] = -1
        path = folder / "vectors.f32"
        self._vectors = np.memmap(path, "<f4", "r", shape=(path.stat().st_size // 4 // WIDTH, WIDTH))[:count]
        self._store = memory_map(0, WIDTH)
        self._store.add(0, self._vectors, lambda: self.owners)
        self._store.delete(np.arange(dead))

    def take(self, rows: Numbers) -> Vectors:
        """A copy of rows."""
        return np.array(self._vectors[rows])

    def rows_of(self, image: int) -> Numbers:
        """The one row of an image."""
        return np.array([image])

    def nearest(self, vectors: Vectors, k: int) -> Ranked:
        """Exact search, as `resight search` does it."""
        return Ranked(*self._store.search(vectors, k))

    def allowed(self, images: Numbers) -> np.ndarray:
        """All are."""
        return np.ones(len(images), bool)

    def features(self, images: object) -> list:
        """There are none."""
        raise NotImplementedError


def write_vectors(folder: Path, count: int) -> None:
    """`count` rows into vectors.f32."""
    random = np.random.default_rng(0)
    centres = random.standard_normal((CENTRES, WIDTH), np.float32)
    rows = centres[random.integers(0, CENTRES, count)]
    rows += random.standard_normal((count, WIDTH), np.float32)
    (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype("<f4").tofile(folder / "vectors.f32")


class Anonymous:
    """The highest anonymous memory of this process, in MiB, while it is entered."""

    def __enter__(self) -> Anonymous:
        self.highest, self._ended = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self) -> None:
        while not self._ended.wait(0.02):
            lines = Path("/proc/self/status").read_text().splitlines()
            now = next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))
            self.highest = max(self.highest, now // 1024)

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


def graph(folder: Path, count: int, dead: int, name: str) -> dict[str, object]:
    """Seconds until the graph of these rows is there and kept, and the memory of that."""
    photos = Mapped(folder, count, dead)
    with Anonymous() as memory:
        begun = time.perf_counter()
        neighbours(photos, K)
        seconds = time.perf_counter() - begun
    kept = sum(path.stat().st_size for path in folder.glob("graph-*"))
    return {
        f"{name}_s": f"{seconds:.1f}",
        f"{name}_anonymous_mib": memory.highest,
        "disk_mib": f"{kept / 2**20:.0f}",
    }


def queries(folder: Path, count: int, dead: int) -> dict[str, object]:
    """The first query of a process, which reads the file, and medians of those after it."""
    photos, random = Mapped(folder, count, dead), np.random.default_rng(1)
    seconds: dict[str, list[float]] = {"": [], "_whole": [], "_search": []}
    ways = {"": methods.find("rerankers", f"diffusion:k={K}")}
    ways["_whole"] = methods.find("rerankers", f"diffusion:k={K},truncate=0")
    with Anonymous() as memory:
        for row in random.integers(dead, count, QUERIES + 1):
            noise = random.standard_normal((1, WIDTH), np.float32) / WIDTH**0.5 / 20
            vectors = photos.take(np.array([row])) + noise
            query = Query(vectors / np.linalg.norm(vectors), lambda: None, lambda: Region(()))
            begun = time.perf_counter()
            ranked = photos.nearest(query.vectors, 100)
            seconds["_search"].append(time.perf_counter() - begun)
            for name, way in ways.items():
                begun = time.perf_counter()
                way(ranked, query, photos)
                seconds[name].append(time.perf_counter() - begun)
    found = {f"query{name}_ms": f"{1000 * statistics.median(all_[1:]):.0f}" for name, all_ in seconds.items()}
    first = {"first_query_s": f"{seconds[''][0]:.2f}", "query_anonymous_mib": memory.highest}
    return {**first, **found}


def main() -> None:
    """Measure, print, and write results/diffusion.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", type=int, default=100_000)
    parser.add_argument("--in", dest="inside", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--step", choices=["build", "added", "died", "queries"], help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        warnings.simplefilter("ignore")
        count = asked.vectors + (0 if asked.step == "build" else ADDED)
        dead = DIED if asked.step in ("died", "queries") else 0
        row = (
            queries(asked.inside, count, dead)
            if asked.step == "queries"
            else graph(asked.inside, count, dead, asked.step)
        )
        sys.stdout.write(json.dumps(row))
        return
    row: dict[str, object] = {"vectors": asked.vectors, "width": WIDTH, "k": K}
    row |= {"rows_added": ADDED, "rows_died": DIED}
    with tempfile.TemporaryDirectory() as folder:
        write_vectors(Path(folder), asked.vectors + ADDED)
        for step in ("build", "added", "died", "queries"):
            run = [sys.executable, __file__, "--in", folder, "--step", step, "--vectors", str(asked.vectors)]
            row |= json.loads(subprocess.run(run, check=True, capture_output=True, text=True).stdout)
    record("diffusion", row, ("vectors",))
    sys.stdout.write(f"{row}\n")


if __name__ == "__main__":
    main()
