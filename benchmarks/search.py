"""Exact search at the speed of memory, and how long a cold `resight search` takes.

- 1,000,000 vectors of 256 numbers in a gallery, k = 100: the whole search (rows to files) beside one
  `matrix @ query` over the warm map with as many threads; medians of interleaved rounds; anonymous memory.
- 100,000 vectors, the command started anew each time: a stored image, and a new photo.
The vectors are random unit vectors; the photos around them are real, from the scikit-image package.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from random_vectors import fill
from record import record
from resight.gallery import Gallery, snapshot_of
from resight.indexer import index
from resight.recipe import Recipe
from resight.searcher import Searcher
from resight.types import Descriptor

RECIPE = "rmac-whitened"  # of 256 numbers
ROUNDS = 9


def filled(folder: Path, count: int) -> Path:
    """A gallery of the photos in scikit-image, and as many random descriptors as are missing to `count`."""
    import skimage

    photos = Path(skimage.__file__).parent / "data"
    index(photos, folder, recipe=Recipe.load(RECIPE))
    fill(folder, count)
    return photos


def beside_the_floor(folder: Path, rounds: int) -> dict[str, object]:
    """Run in a process of its own: medians of the search and of one product, and the memory it took."""
    with Gallery(folder) as opened, opened.snapshot() as gallery:
        searcher, vectors = Searcher(opened), np.asarray(gallery.vectors)
        random, seconds = np.random.default_rng(1), {"product": [], "search": []}
        for round_ in range(rounds + 1):
            query = random.standard_normal(vectors.shape[1], dtype=np.float32)
            query /= np.linalg.norm(query)
            begun = time.perf_counter()
            scores = vectors @ query
            between = time.perf_counter()
            ranking = searcher.search(Descriptor(query[None], None, gallery.fingerprint), k=100)
            ended = time.perf_counter()
            best = np.sort(scores)[::-1][:100]
            if not np.allclose([hit.score for hit in ranking], best, atol=1e-5):
                sys.exit("The search does not give what the product gives.")
            del scores
            if round_:
                seconds["product"].append(between - begun)
                seconds["search"].append(ended - between)
        product, search = (statistics.median(seconds[name]) for name in ("product", "search"))
        status = Path("/proc/self/status").read_text().splitlines()
        anonymous = next(int(line.split()[1]) for line in status if line.startswith("RssAnon"))
        return {
            "vectors": len(vectors),
            "k": 100,
            "product_ms": f"{1000 * product:.1f}",
            "search_ms": f"{1000 * search:.1f}",
            "ratio": f"{search / product:.2f}",
            "anonymous_mib": f"{anonymous / 1024:.0f}",
        }


def cold(folder: Path, photos: Path, queries: Path, rounds: int) -> dict[str, object]:
    """Medians of seconds of the whole command."""
    from PIL import Image

    stored = photos / "coffee.png"
    new = []
    for turn in range(rounds + 1):
        new.append(queries / f"{turn}.jpg")
        Image.open(stored).convert("RGB").rotate(turn + 1).save(new[-1])
    seconds: dict[str, list[float]] = {"stored": [], "new": []}
    for turn, photo in enumerate(new):
        for kind, query in (("stored", stored), ("new", photo)):
            begun = time.perf_counter()
            run = [sys.executable, "-m", "resight", "search", str(query), "--gallery", str(folder), "--json"]
            found = json.loads(subprocess.run(run, check=True, capture_output=True, text=True).stdout)
            if turn:
                seconds[kind].append(time.perf_counter() - begun)
            # whitening on 28 photos leaves so little likeness that a random vector may come before it
            if "coffee.png" not in {Path(hit["path"]).name for hit in found["hits"]}:
                sys.exit(f"The {kind} query was not found: {found['hits'][0]}")
    with snapshot_of(folder) as gallery:
        count = gallery.catalogue.count()["vectors"]
    return {
        "vectors": count,
        "stored_s": f"{statistics.median(seconds['stored']):.2f}",
        "new_photo_s": f"{statistics.median(seconds['new']):.2f}",
    }


def main() -> None:
    """Measure, print, and write results/search.csv and results/cold.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", type=int, default=1_000_000)
    parser.add_argument("--cold", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--in", dest="inside", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        sys.stdout.write(json.dumps(beside_the_floor(asked.inside, asked.rounds)))
        return
    with tempfile.TemporaryDirectory() as folder:
        photos = filled(Path(folder) / "cold", asked.cold)
        row = cold(Path(folder) / "cold", photos, Path(folder), asked.rounds)
        record("cold", row, ("vectors",))
        sys.stdout.write(f"{row}\n")
        filled(Path(folder) / "large", asked.vectors)
        run = [sys.executable, __file__, "--in", str(Path(folder) / "large")]
        run += ["--rounds", str(asked.rounds)]
        row = json.loads(subprocess.run(run, check=True, capture_output=True, text=True).stdout)
        record("search", row, ("vectors",))
        sys.stdout.write(f"{row}\n")


if __name__ == "__main__":
    main()
