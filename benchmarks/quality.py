"""How well photos of the same thing are found: leave-one-out mAP and R@1 on the sets of the shared data.

Every set is indexed as a user would index it (its own gallery, fitted on its own photos, without labels),
and every image that has a partner queries all others. `--all` takes every recipe, not the default alone.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

import leave_one_out
from record import record
from resight.gallery import Gallery
from resight.indexer import index
from resight.recipe import Recipe, names
from shared_data import shared_data, truth

SETS = {
    "dvd_covers+400": ("dvd_covers", ("distractors/imagenet_samples", 400)),
    "scenes": ("scenes", None),
    "groceries": ("groceries", None),
    "logos": ("logos", None),
}


def gathered(data: Path, name: str, folder: Path) -> dict[str, str]:
    """Link a set and its distractors into a folder; relative path -> instance."""
    own, more = SETS[name]
    instances = truth(data / own)
    for path in instances:
        (folder / own / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / own / path).symlink_to((data / own / path).resolve())
    if more:
        others, count = more
        (folder / others).mkdir(parents=True)
        for path in sorted((data / others).glob("*.jpg"))[:count]:
            (folder / others / path.name).symlink_to(path.resolve())
    return {f"{own}/{path}": instance for path, instance in instances.items()}


def scored(gallery: Gallery, instances: dict[str, str]) -> tuple[int, float, float]:
    """Queries, mAP (finite sum over all relevant images) and R@1; the query itself is left out."""
    files = [(path, image) for path, image, _ in gallery.files() if image is not None]
    rows = np.array([gallery.rows.of(image)[0] for _, image in files])
    vectors = np.asarray(gallery.vectors)[rows]
    precisions, firsts = leave_one_out.scored(
        vectors @ vectors.T, [instances.get(path, "") for path, _ in files]
    )
    return len(precisions), float(np.mean(precisions)), float(np.mean(firsts))


def main() -> None:
    """Measure, print, and write results/quality.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="every recipe, not the default alone")
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=list(SETS))
    asked = parser.parse_args()
    data = shared_data()
    if data is None:
        sys.exit("The shared data is absent (RESIGHT_TEST_DATA): nothing is measured.")
    for recipe in names() if asked.all else ["default"]:
        for name in asked.sets:
            with tempfile.TemporaryDirectory() as folder:
                instances = gathered(data, name, Path(folder))
                index(folder, recipe=Recipe.load(recipe))
                with Gallery(Path(folder) / ".resight") as gallery:
                    queries, precision, first = scored(gallery, instances)
                    row = {
                        "set": name,
                        "recipe": recipe,
                        "images": gallery.count()["files"],
                        "queries": queries,
                        "map": f"{precision:.4f}",
                        "r1": f"{first:.4f}",
                        "dims": gallery.vectors.shape[1],
                        "fitted_on": gallery.fit,
                        "labels": "none",
                    }
            sys.stdout.write(", ".join(f"{key} {value}" for key, value in row.items()) + "\n")
            sys.stdout.flush()
            record("quality", row, ("recipe", "set"))


if __name__ == "__main__":
    main()
