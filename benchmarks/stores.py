"""The store of inverted lists beside the exact one: queries a second, recall, memory, and time to build.

Rows are made of the descriptors of real photos, by a rule: each is a mixture of four of them by weights that
are uniform on the simplex, then a random direction of a length up to half its own is added, and it is of unit
length again. Queries are made by the same rule and are none of the rows. `--random` takes random unit vectors
instead, which have no clusters. `--regions 8` gives each image so many rows, its own mixture with other
noise, and asks for images.

In one run, in turns: some queries of the exact store, which has two matrix threads, then many of the other,
two threads that ask one query at a time. Medians of the turns; recall of 200 queries. On a machine that is
shared, see the load, and the time of its cores that a query takes (`_cpu`), which depends on it less.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from record import record
from resight.gallery import snapshot_of
from resight.processors import processors
from resight.progress import Silent
from resight.stores import Given, Rows, Store
from resight.stores._list_file import find_lists
from resight.stores._recall import find_nearest
from resight.stores.faiss import faiss, keep
from resight.stores.memory_map import memory_map
from resight.types import Vectors
from shared_data import needed_data
from speed import anonymous_kib

RECIPE = "rmac-whitened"  # of 256 numbers
CHUNK = 50_000
QUERIES = 200
K = 100
NOISE = 0.5


def photographed(count: int, folder: Path) -> Vectors:
    """Descriptors of so many photos of the shared data, those with the smallest hashes of their names."""
    from resight.indexer import index
    from resight.recipe import Recipe

    data = needed_data()
    rooms = ("dvd_covers", "scenes", "groceries", "logos", "distractors")
    found = [path for room in rooms for path in (data / room).rglob("*") if path.suffix in (".jpg", ".png")]
    key = lambda path: hashlib.sha256(str(path.relative_to(data)).encode()).digest()  # noqa: E731
    photos = folder / "photos"
    photos.mkdir()
    for number, path in enumerate(sorted(found, key=key)[:count]):
        (photos / f"{number:05}{path.suffix}").symlink_to(path)
    index(photos, folder / "gallery", recipe=Recipe.load(RECIPE))
    return described(folder / "gallery")


def described(gallery: Path) -> Vectors:
    """The rows of a gallery, in memory."""
    with snapshot_of(gallery) as snapshot:
        return np.array(snapshot.vectors)


def mixed(base: Vectors, count: int, regions: int, random: np.random.Generator) -> Vectors:
    """(count * regions, D) rows by the rule."""
    weights = random.dirichlet(np.ones(4), count).astype(np.float32)
    rows = sum(weights[:, [i]] * base[random.integers(0, len(base), count)] for i in range(4))
    rows = np.repeat(unit(rows), regions, axis=0)
    noise = unit(random.standard_normal(rows.shape, dtype=np.float32))
    rows += NOISE * random.random((len(rows), 1), dtype=np.float32) * noise
    return unit(rows)


def unit(rows: Vectors) -> Vectors:
    """Rows of unit length."""
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def written(path: Path, count: int, make: Callable[[int], Vectors]) -> Vectors:
    """So many rows in a file, mapped."""
    with path.open("wb") as file:
        for first in range(0, count, CHUNK):
            file.write(np.ascontiguousarray(make(min(CHUNK, count - first)), "<f4"))
    return mapped(path)


def mapped(path: Path) -> Vectors:
    """The rows of such a file."""
    return np.memmap(path, "<f4", "r").reshape(-1, 256)


def build(folder: Path) -> None:
    """Make the lists, in a process of its own."""
    rows = mapped(folder / "rows.f32")
    keep(folder, Given("benchmark", 1, rows, np.empty(0, np.int64)), Silent())


def built(folder: Path) -> dict[str, object]:
    """Seconds and memory of a process that makes the lists."""
    begun = time.perf_counter()
    run = subprocess.Popen([sys.executable, __file__, "--build", str(folder)])
    peak = 0
    while run.poll() is None:
        peak = max(peak, anonymous_kib(run.pid))
        time.sleep(0.05)
    if run.returncode:
        sys.exit("The lists could not be made.")
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    size = sum(path.stat().st_size for path in folder.glob("lists-*.faiss"))
    return {
        "build_s": f"{time.perf_counter() - begun:.0f}",
        "build_cpu_s": f"{spent.ru_utime + spent.ru_stime:.0f}",
        "build_anonymous_mib": f"{peak / 1024:.0f}",
        "index_mib": f"{size / 2**20:.0f}",
    }


def searched(store: Store, query: Vectors, k: int, regions: int) -> Rows:
    """The k nearest rows, or images, as `Collection` asks for them."""
    if regions == 1:
        return store.search(query, k)[0]
    wanted = k * regions
    while True:
        images = store.search(query, wanted)[0] // regions
        first = np.sort(np.unique(images, return_index=True)[1])
        if len(first) >= k or len(images) < wanted:
            return images[first[:k]]
        wanted *= 2


def truths(rows: Vectors, queries: Vectors, k: int, regions: int) -> list[Rows]:
    """What each query, of as many rows as an image has, should find."""
    if regions == 1:
        return [*find_nearest(rows, queries, k, np.arange(len(rows)))[0]]
    exact = opened(memory_map(1, rows.shape[1]), rows)
    return [searched(exact, query, k, regions) for query in queries.reshape(-1, regions, rows.shape[1])]


def opened(store: Store, rows: Vectors) -> Store:
    """The store with all rows."""
    store.add(0, rows, lambda: np.arange(len(rows)))
    return store


def side_by_side(folder: Path, wanted: float, rounds: int, regions: int) -> dict[str, object]:
    """In a process of its own: medians of the turns, and the memory that the store of lists took."""
    rows, queries = mapped(folder / "rows.f32"), np.load(folder / "queries.npy")
    k = 10 if regions > 1 else K
    asked = queries.reshape(-1, regions, rows.shape[1])
    own = opened(faiss(1, rows.shape[1], folder, "benchmark", recall=wanted), rows)
    found = [searched(own, query, k, regions) for query in asked]
    anonymous = anonymous_kib(os.getpid())
    exact = opened(memory_map(1, rows.shape[1]), rows)
    right = np.load(folder / "truth.npy")
    recall = float(np.mean([np.isin(one, mine).mean() for one, mine in zip(right, found, strict=True)]))
    each: list[float] = []
    times: dict[str, list[float]] = {"exact": [], "lists": [], "exact_cpu": [], "lists_cpu": []}
    few = max(1, len(asked) // 100)
    with ThreadPoolExecutor(processors()) as pool:
        for turn in range(rounds + 1):
            begun, cpu = time.perf_counter(), time.process_time()
            for number in range(few):
                searched(exact, asked[(turn * few + number) % len(asked)], k, regions)
            between, cpu_between = time.perf_counter(), time.process_time()
            list(pool.map(lambda query: searched(own, query, k, regions), asked))
            ended, cpu_ended = time.perf_counter(), time.process_time()
            if turn:
                times["exact"].append((between - begun) / few)
                times["lists"].append((ended - between) / len(asked))
                times["exact_cpu"].append((cpu_between - cpu) / few)
                times["lists_cpu"].append((cpu_ended - cpu_between) / len(asked))
    for query in asked:
        begun = time.perf_counter()
        searched(own, query, k, regions)
        each.append(1000 * (time.perf_counter() - begun))
    medians = {name: statistics.median(spent) for name, spent in times.items()}
    return {
        "k": k,
        "recall": f"{recall:.4f}",
        "exact_per_s": f"{1 / medians['exact']:.1f}",
        "lists_per_s": f"{1 / medians['lists']:.0f}",
        "times_exact": f"{medians['exact'] / medians['lists']:.1f}",
        "exact_cpu_ms": f"{1000 * medians['exact_cpu']:.1f}",
        "lists_cpu_ms": f"{1000 * medians['lists_cpu']:.2f}",
        "times_exact_cpu": f"{medians['exact_cpu'] / medians['lists_cpu']:.1f}",
        "alone_ms": f"{statistics.median(each):.2f}",
        "alone_95_ms": f"{np.percentile(each, 95):.2f}",
        "anonymous_mib": f"{anonymous / 1024:.0f}",
        "load": f"{os.getloadavg()[0]:.0f}",
    }


def main() -> None:
    """Measure, print, and write results/stores.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows, or images with --regions")
    parser.add_argument("--regions", type=int, default=1)
    parser.add_argument("--random", action="store_true")
    parser.add_argument("--recall", type=float, nargs="*", default=[0.95, 0.97, 0.99, 0.995])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--described", type=Path, help="a gallery of photos that were described before")
    parser.add_argument("--folder", type=Path, help="where rows and lists are kept for another run")
    parser.add_argument("--build", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--prepare", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.build:
        build(asked.build)
        return
    if asked.prepare:
        prepare(asked.folder, asked)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        folder.mkdir(exist_ok=True)
        again = [sys.executable, *sys.argv, "--prepare", "--folder", str(folder)]
        subprocess.run(again, check=True)  # its memory is none of the search's
        told = json.loads((folder / "built.json").read_text())
        kind = "random" if asked.random else "mixtures of photos"
        for wanted in asked.recall:
            about = {
                "kind": kind,
                "rows": asked.rows * asked.regions,
                "regions": asked.regions,
                "wanted": wanted,
            }
            row = about | told | side_by_side(folder, wanted, asked.rounds, asked.regions)
            record("stores", row, ("kind", "rows", "regions", "wanted"))
            sys.stdout.write(f"{row}\n")
            sys.stdout.flush()


def prepare(folder: Path, asked: argparse.Namespace) -> None:
    """Rows, queries, what they should find, and lists, where they are not there yet."""
    random, path = np.random.default_rng(0), folder / "rows.f32"
    make: Callable[[int], Vectors] = lambda count: unit(random.standard_normal((count, 256), np.float32))  # noqa: E731
    if not asked.random and not path.exists():
        base = described(asked.described) if asked.described else photographed(asked.photos, folder)
        make = lambda count: mixed(base, count // asked.regions, asked.regions, random)  # noqa: E731
    if not path.exists():
        rows = written(path, asked.rows * asked.regions, make)
        queries = make((QUERIES if asked.regions == 1 else 24) * asked.regions)
        np.save(folder / "queries.npy", queries)
        np.save(folder / "truth.npy", truths(rows, queries, 10 if asked.regions > 1 else K, asked.regions))
    if not [*folder.glob("lists-*.faiss")]:
        told = built(folder)
        made = find_lists(folder, "benchmark", 1)
        if made is None:
            sys.exit("There are no lists.")
        (folder / "built.json").write_text(json.dumps(told | {"lists": made.lists.coding.lists}))


if __name__ == "__main__":
    main()
