"""The load that `resight serve` carries, beside the same searches called in Python, on the same machine.

- Queries of stored images over 100,000 vectors of 256 numbers, k = 10, by 32 connections on loopback: their
  rate beside that of `Searcher.search` in one thread and in one a core, taken in turn with it; p50, p99,
  errors; memory of the server before, in the middle and at the end.
- Queries of photos, each uploaded before, beside the describing rate of `resight index` on the same photos.
The vectors are random unit vectors; the photos are drawn. The client is a process of its own on the same
cores. results/serving.csv has a row a kind of query.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from random_vectors import fill
from record import record
from resight.gallery import Gallery, snapshot_of
from resight.indexer import index
from resight.processors import processors
from resight.recipe import Recipe
from resight.searcher import Searcher
from resight.types import Descriptor

RECIPE = "rmac-whitened"  # of 256 numbers
K = 10
ASKED = 512  # stored images that are asked in turn


def drawn(folder: Path, count: int, seed: int, size: tuple[int, int]) -> list[Path]:
    """Photos of coarse patches with noise over them, each unlike the others."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    random, files = np.random.default_rng(seed), []
    for number in range(count):
        patches = Image.fromarray(random.integers(0, 256, (9, 12, 3), dtype=np.uint8))
        files.append(folder / f"{number:04d}.jpg")
        patches.resize(size, Image.Resampling.BICUBIC).save(files[-1], quality=90)
    return files


def python_rate(gallery: Path, seconds: float, threads: int) -> float:
    """Searches a second, called in Python by so many threads."""
    with Gallery(gallery) as opened, opened.snapshot() as snapshot:
        searcher, mark = Searcher(opened), snapshot.fingerprint
        rows = np.linspace(0, len(snapshot.vectors) - 1, ASKED).astype(int)
        asked = [Descriptor(np.array(snapshot.vectors[row : row + 1]), None, mark) for row in rows]
        until = time.perf_counter() + seconds

        def ask(first: int) -> int:
            count = 0
            while time.perf_counter() < until:
                searcher.search(asked[(first + count) % ASKED], k=K)
                count += 1
            return count

        searcher.search(asked[0], k=K)
        begun = time.perf_counter()
        with ThreadPoolExecutor(threads) as pool:
            count = sum(pool.map(ask, range(threads)))
        return count / (time.perf_counter() - begun)


async def load(port: int, requests: list[bytes], connections: int, seconds: float, most: int) -> list[float]:
    """Seconds of each answer; ends the run at the first answer that is none."""
    took: list[float] = []
    until, asked = time.perf_counter() + seconds, iter(range(most))

    async def connection(first: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in asked:
            if time.perf_counter() > until:
                break
            begun = time.perf_counter()
            writer.write(requests[(first + number) % len(requests)])
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            body = await reader.readexactly(length)
            if not head.startswith(b"HTTP/1.1 200"):
                sys.exit(f"An answer is an error: {body[:300]!r}")
            took.append(time.perf_counter() - begun)
        writer.close()

    await asyncio.gather(*(connection(first) for first in range(connections)))
    return took


def posted(path: str, value: object) -> bytes:
    """One request as it goes over the wire."""
    body = json.dumps(value).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def ask_server(
    port: int, requests: list[bytes], connections: int, seconds: float, most: int
) -> dict[str, float]:
    """The load from a process of its own: rate, p50 and p99 in milliseconds, and how many were answered."""
    plan = {"port": port, "connections": connections, "seconds": seconds, "most": most}
    plan["requests"] = [request.decode() for request in requests]
    line = [sys.executable, str(Path(__file__).resolve()), "--load"]
    done = subprocess.run(line, input=json.dumps(plan), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def as_client() -> None:
    """The other end of `ask_server`."""
    plan = json.load(sys.stdin)
    requests = [each.encode() for each in plan["requests"]]
    begun = time.perf_counter()
    took = asyncio.run(load(plan["port"], requests, plan["connections"], plan["seconds"], plan["most"]))
    spent = time.perf_counter() - begun
    p50, p99 = (1000 * np.percentile(took, [50, 99])).tolist()
    json.dump({"rate": len(took) / spent, "p50": p50, "p99": p99, "count": len(took)}, sys.stdout)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextlib.contextmanager
def server(gallery: Path) -> Iterator[tuple[int, int]]:
    """`resight serve` in a process of its own, ready: its port and its process."""
    port = free_port()
    line = [sys.executable, "-m", "resight", "serve", str(gallery), "--port", str(port)]
    process = subprocess.Popen(line, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, "/ready")
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int, path: str, patience: float = 300) -> float:
    """Seconds until an address is answered with 200."""
    from http.client import HTTPConnection

    begun = time.perf_counter()
    while time.perf_counter() - begun < patience:
        with contextlib.suppress(OSError):
            connection = HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return time.perf_counter() - begun
        time.sleep(0.02)
    sys.exit("The service is not ready.")


def memory(pid: int) -> float:
    """Anonymous memory of a process, in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


def stored(gallery: Path, chosen: argparse.Namespace) -> dict[str, object]:
    """Queries of stored images: the service and Python in turn."""
    with snapshot_of(gallery) as snapshot:
        count, contents = len(snapshot.vectors), sorted(snapshot.catalogue.contents().items())
    step = max(1, len(contents) // ASKED)
    ids = [sha256.hex() for _, (sha256, _) in contents[::step]][:ASKED]
    path = "/v1/galleries/photos/search"
    requests = [posted(path, {"image": number, "k": K}) for number in ids]
    alone, together = [], []
    with server(gallery) as (port, pid):
        ask_server(port, requests, chosen.connections, min(3.0, chosen.seconds), chosen.requests)
        before, turns, rates = memory(pid), [], {}
        for _ in range(chosen.rounds):
            part = chosen.seconds / chosen.rounds
            turns.append(ask_server(port, requests, chosen.connections, part, chosen.requests))
            rates = {
                "alone": python_rate(gallery, part / 2, 1),
                "all": python_rate(gallery, part / 2, processors()),
            }
            alone.append(rates["alone"])
            together.append(rates["all"])
        middle = memory(pid)
        left = chosen.requests - sum(turn["count"] for turn in turns)
        more = ask_server(port, requests, chosen.connections, 1e9, left) if left > 0 else None
        after = memory(pid)
    rate, best = np.median([turn["rate"] for turn in turns]), max(np.median(alone), np.median(together))
    return {
        "query": "stored image", "vectors": count, "connections": chosen.connections,
        "rate": f"{rate:.1f}", "python_1_thread": f"{np.median(alone):.1f}",
        "python_all_cores": f"{np.median(together):.1f}", "ratio": f"{rate / best:.2f}",
        "p50_ms": f"{np.median([turn['p50'] for turn in turns]):.1f}",
        "p99_ms": f"{np.median([turn['p99'] for turn in turns]):.1f}", "errors": 0,
        "requests": int(sum(turn["count"] for turn in turns) + (more["count"] if more else 0)),
        "mib_before": f"{before:.0f}", "mib_middle": f"{middle:.0f}", "mib_after": f"{after:.0f}",
    }  # fmt: skip


def photos(gallery: Path, folder: Path, chosen: argparse.Namespace) -> dict[str, object]:
    """Queries of photos beside the describing rate of `index`."""
    from http.client import HTTPConnection

    files = drawn(folder / "new", chosen.photos, 2, (chosen.size, chosen.size * 3 // 4))
    rates, turns = [], []
    with server(gallery) as (port, _):
        connection, requests = HTTPConnection("127.0.0.1", port), []
        for file in files:
            connection.request("POST", "/v1/uploads", file.read_bytes(), {"Content-Type": "image/jpeg"})
            known = json.loads(connection.getresponse().read())
            requests.append(posted("/v1/galleries/photos/search", {"upload": known["id"], "k": K}))
        for _ in range(chosen.rounds):
            turns.append(ask_server(port, requests, 2 * processors(), 1e9, len(requests)))
            with tempfile.TemporaryDirectory() as fresh:
                begun = time.perf_counter()
                recipe = Recipe.load(chosen.recipe)
                index(folder / "new", Path(fresh) / "g", fit_from=gallery, recipe=recipe)
                spent = time.perf_counter() - begun
            rates.append(len(files) / spent)
    rate = np.median([turn["rate"] for turn in turns])
    return {
        "query": "photo", "vectors": "", "connections": 2 * processors(), "rate": f"{rate:.2f}",
        "python_1_thread": "", "python_all_cores": f"{np.median(rates):.2f}",
        "ratio": f"{rate / np.median(rates):.2f}",
        "p50_ms": f"{np.median([turn['p50'] for turn in turns]):.0f}",
        "p99_ms": f"{np.median([turn['p99'] for turn in turns]):.0f}", "errors": 0,
        "requests": len(files) * chosen.rounds, "mib_before": "", "mib_middle": "", "mib_after": "",
    }  # fmt: skip


def main() -> None:
    """Measure, print, and write results/serving.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", type=int, default=100_000)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument(
        "--requests", type=int, default=100_000, help="of stored images, until memory is read"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--queries", nargs="*", default=["stored", "photo"], choices=("stored", "photo"))
    parser.add_argument("--photos", type=int, default=60, help="of queries that are described")
    parser.add_argument("--size", type=int, default=1600, help="their longer side")
    parser.add_argument("--recipe", default=RECIPE)
    parser.add_argument("--folder", type=Path, help="keeps the gallery for the next run")
    parser.add_argument("--load", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.load:
        return as_client()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.folder or Path(temporary)
        gallery = folder / "photos" / ".resight"
        if not gallery.exists():
            drawn(folder / "photos", 40, 1, (640, 480))
            index(folder / "photos", gallery, recipe=Recipe.load(chosen.recipe))
            fill(gallery, chosen.vectors)
        kinds = {"stored": lambda: stored(gallery, chosen), "photo": lambda: photos(gallery, folder, chosen)}
        found = [kinds[kind]() for kind in chosen.queries]
    for row in found:
        print(row)
        record("serving", row | {"recipe": chosen.recipe}, ["query", "recipe"])


if __name__ == "__main__":
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    main()
