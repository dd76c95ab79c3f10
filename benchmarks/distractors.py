"""An evaluation against a million distractors: seconds a query, and the anonymous memory it takes.

The data set is the scenes of the shared data. The distractors are a gallery of 400 photos of ImageNet, on
which the recipe `default` is fitted (the result is marked so), and random unit vectors up to a million, in
the place of the 1M distractors of the revisited Oxford and Paris. The evaluation runs in its own process,
whose anonymous memory is read every 20 ms; networks and the descriptors of the scenes are ready by then.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from random_vectors import fill
from record import record
from resight.datasets import open_dataset
from resight.evaluator import Evaluation, evaluate
from resight.indexer import index
from resight.recipe import Recipe
from shared_data import needed_data

FITTED_ON = 400


def filled(folder: Path, photos: Path, count: int) -> Path:
    """A gallery of some real photos, and as many random descriptors as are missing to `count`."""
    (folder / "photos").mkdir()
    for path in sorted(photos.glob("*.jpg"))[:FITTED_ON]:
        (folder / "photos" / path.name).symlink_to(path.resolve())
    gallery = index(folder / "photos", folder / "gallery", Recipe.load("default")).gallery
    fill(gallery, count)
    return gallery


def scored(data: Path, gallery: Path | None, fit: Path) -> Evaluation:
    """The scenes, with these distractors or none."""
    return evaluate(
        Recipe.load("default"),
        open_dataset(str(data / "scenes")),
        distractors=[gallery] if gallery else [],
        fit_from=fit,
        allow_overlap=gallery is not None,
    )


def watched(data: Path, gallery: Path) -> dict[str, object]:
    """Run in a process of its own."""
    peak, done = [0], threading.Event()

    def watch() -> None:
        while not done.is_set():
            status = Path("/proc/self/status").read_text().splitlines()
            peak[0] = max(
                peak[0], next(int(line.split()[1]) for line in status if line.startswith("RssAnon"))
            )
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        found = scored(data, gallery, gallery)
    finally:
        done.set()
        watcher.join()
    return {
        "distractors": found.facts["distractors"],
        "queries": found.facts["queries"],
        "map": f"{found.means['map']:.4f}",
        "seconds_a_query": f"{found.facts['seconds']['a query']:.2f}",
        "anonymous_mib": f"{peak[0] / 1024:.0f}",
    }


def main() -> None:
    """Measure, print, and write results/distractors.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", type=int, default=1_000_000)
    parser.add_argument("--in", dest="inside", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    data = needed_data()
    if asked.inside:
        sys.stdout.write(json.dumps(watched(data, asked.inside)))
        return
    with tempfile.TemporaryDirectory() as folder:
        gallery = filled(Path(folder), data / "distractors/imagenet_samples", asked.vectors)
        alone = scored(data, None, gallery)
        run = [sys.executable, __file__, "--in", str(gallery)]
        row = json.loads(subprocess.run(run, check=True, stdout=subprocess.PIPE, text=True).stdout)
        row |= {"map_without": f"{alone.means['map']:.4f}"}
        record("distractors", row, ("distractors",))
        sys.stdout.write(f"{row}\n")


if __name__ == "__main__":
    main()
