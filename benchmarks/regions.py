"""Region-by-region search beside one product over the same rows: 100,000 images x 8 regions x 256 numbers.

The query has 8 regions too, and every pair is compared: the whole search, from rows to files with the pair of
regions that matched, against `matrix @ query` of a single vector over the warm map, in interleaved rounds.
The answer is checked against all pairs computed at once. Vectors are random and of unit length.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from record import record
from resight.gallery import Gallery, Writer
from resight.recipe import Recipe
from resight.searcher import Searcher
from resight.types import Descriptor, Region

REGIONS, WIDTH, ROUNDS, K = 8, 256, 9, 100
PAUSE = 0.2  # seconds before each; the matrix library's threads spin for a while after a product
PLACES = tuple(Region.of([(i, 0), (i + 9, 0), (i + 9, 9), (i, 9)]) for i in range(REGIONS))


def unit_rows(random: np.random.Generator, count: int) -> np.ndarray:
    """(count, WIDTH) random rows of unit length."""
    rows = random.standard_normal((count, WIDTH), dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def filled(folder: Path, images: int) -> None:
    """A gallery of images that never were files, with eight random regions each."""
    random = np.random.default_rng(0)
    with Writer(folder) as writer:
        writer.begin(folder, Recipe.load("jeong2017-lite0"), "none")
        for number in range(images):
            content = hashlib.sha256(str(number).encode()).digest()
            described = Descriptor(unit_rows(random, REGIONS), PLACES, "none")
            image = writer.add(content, (640, 480), described, None)
            writer.set_file(f"{number:06}.jpg", 1, 1, image)
            if number % 10_000 == 9_999:
                writer.commit()
        writer.commit()


def main() -> None:
    """Measure, print, and write results/regions.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=100_000)
    images = parser.parse_args().images
    with tempfile.TemporaryDirectory(prefix="resight-regions-") as name:
        filled(Path(name) / "g", images)
        with Gallery(Path(name) / "g") as opened, opened.snapshot() as gallery:
            searcher, vectors = Searcher(opened), np.asarray(gallery.vectors)
            random, seconds = np.random.default_rng(1), {"product": [], "search": []}
            for round_ in range(ROUNDS + 1):
                query = unit_rows(random, REGIONS)
                time.sleep(PAUSE)
                begun = time.perf_counter()
                vectors @ query[0]
                product = time.perf_counter() - begun
                time.sleep(PAUSE)
                begun = time.perf_counter()
                ranking = searcher.search(Descriptor(query, PLACES, gallery.fingerprint), k=K)
                search = time.perf_counter() - begun
                pairs = (vectors @ query.T).reshape(images, -1).max(axis=1)
                if not np.allclose([hit.score for hit in ranking], np.sort(pairs)[::-1][:K], atol=1e-5):
                    sys.exit("The search does not give what all pairs give.")
                if round_:
                    seconds["product"].append(product)
                    seconds["search"].append(search)
    product, search = (statistics.median(seconds[name]) for name in ("product", "search"))
    row = {
        "images": images,
        "regions": REGIONS,
        "dims": WIDTH,
        "k": K,
        "product_ms": f"{1000 * product:.1f}",
        "search_ms": f"{1000 * search:.1f}",
        "ratio": f"{search / product:.2f}",
    }
    record("regions", row, ("images", "regions", "dims"))
    sys.stdout.write(f"{row}\n")


if __name__ == "__main__":
    main()
