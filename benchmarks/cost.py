"""What the default costs beside R-MAC alone: a photo described, and a query, side by side in one run.

Interleaved rounds on the same photos after one untimed pass, medians and their ratio. A photo: what `index`
does to it (read, hash, decode, describe), a thread a core. A query: a photo that is not indexed, through an
opened gallery of 650 photos, one after the other.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from quality import gathered
from record import record
from resight.describing.describer import describer_like
from resight.gallery import Gallery
from resight.indexer import index
from resight.processors import processors
from resight.recipe import Recipe
from resight.searcher import Searcher
from sets import Labelled, labelled
from shared_data import needed_data
from speed import chosen, described

RECIPES = ("default", "rmac-whitened")


def seconds(work: Callable[[], object]) -> float:
    """Of one run."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def asked_of(gallery: Gallery, queries: list[Path]) -> Callable[[], None]:
    """A function that asks for all queries, which the gallery does not hold."""
    searcher = Searcher(gallery)

    def ask() -> None:
        for query in queries:
            searcher.search(query, k=10)

    return ask


def main() -> None:
    """Measure, print, and write results/cost.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=650, help="in the gallery")
    parser.add_argument("--timed", type=int, default=48, help="photos described in a round")
    parser.add_argument("--queries", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    data = needed_data()
    own = labelled(data, "dvd_covers+400")
    own = Labelled(own.name, own.paths[: asked.photos], own.labels[: asked.photos])
    queries = sorted((data / "distractors/imagenet_samples").glob("*.jpg"))[-asked.queries :]
    photos = chosen(data, asked.timed)
    with tempfile.TemporaryDirectory() as folder:
        works: dict[tuple[str, str], Callable[[], object]] = {}
        for recipe in RECIPES:
            place = Path(folder) / recipe
            place.mkdir()
            gathered(own, place)
            report = index(place, recipe=Recipe.load(recipe))
            gallery = Gallery(report.gallery)
            with gallery.snapshot() as snapshot:
                describer = describer_like(snapshot, workers=processors())
            works[recipe, "photo"] = lambda describer=describer: described(describer, photos)
            works[recipe, "query"] = asked_of(gallery, queries)
        times: dict[tuple[str, str], list[float]] = {key: [] for key in works}
        for round_ in range(asked.rounds + 1):
            for key, work in works.items():
                spent = seconds(work)
                if round_:
                    times[key].append(spent)
    for what, count in (("photo", asked.timed), ("query", asked.queries)):
        default, before = (1000 * statistics.median(times[recipe, what]) / count for recipe in RECIPES)
        row = {"what": what, "default_ms": f"{default:.1f}", "rmac_whitened_ms": f"{before:.1f}",
               "ratio": f"{default / before:.2f}", "rounds": asked.rounds}  # fmt: skip
        record("cost", row, ("what",))
        sys.stdout.write(f"{row}\n")


if __name__ == "__main__":
    main()
