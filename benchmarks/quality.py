"""How well photos of the same thing are found: leave-one-out mAP and R@1 on the sets of the shared data.

Every set is indexed as a user would index it (its own gallery, fitted on its own photos, without labels),
and every image that has a partner queries all others. `map_chosen_on` is the mAP of the queries on whose
instances settings were chosen, `map_others` that of all others; `half` says which those are (halves.py). The
mean of the four sets is a row of its own.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

import leave_one_out
from halves import HALF, split_mean
from record import record
from resight.gallery import Snapshot, snapshot_of
from resight.indexer import index
from resight.recipe import Recipe
from sets import HELD, SETS, Labelled, labelled
from shared_data import needed_data

RECIPES = ("default", "rmac-pairs", "sift-vlad", "rmac-whitened", "rmac-lite0")
FIGURES = ("map", "map_chosen_on", "map_others", "r1")


def gathered(own: Labelled, folder: Path) -> list[str]:
    """Link the photos of a set into a folder; their names there."""
    names = [f"{number:05d}{path.suffix}" for number, path in enumerate(own.paths)]
    for name, path in zip(names, own.paths, strict=True):
        (folder / name).symlink_to(path.resolve())
    return names


def scored(gallery: Snapshot, names: list[str], labels: tuple[str, ...]) -> dict[str, float]:
    """Queries, mAP (finite sum over all relevant images) of all and of both halves, and R@1."""
    found = {path: image for path, image, _ in gallery.catalogue.files() if image is not None}
    spans = [gallery.rows.span(found[name]) for name in names]
    descriptors = [np.asarray(gallery.vectors[first : first + count]) for first, count in spans]
    similar = leave_one_out.by_best_pair(descriptors, gallery.recipe.asking)
    precisions, firsts = leave_one_out.scored(similar, labels)
    asked = [label for label in labels if label and labels.count(label) > 1]
    first, other = split_mean(precisions, asked)
    return {
        "queries": len(precisions),
        "map": float(np.mean(precisions)),
        "map_chosen_on": first,
        "map_others": other,
        "r1": float(np.mean(firsts)),
    }


def measured(name: str, recipe: str, data: Path) -> dict[str, object]:
    """One row: a recipe on a set."""
    own = labelled(data, name)
    with tempfile.TemporaryDirectory() as folder:
        names = gathered(own, Path(folder))
        index(folder, recipe=Recipe.load(recipe))
        with snapshot_of(Path(folder) / ".resight") as gallery:
            return {
                "set": name,
                "recipe": recipe,
                "images": gallery.catalogue.count()["files"],
                **scored(gallery, names, own.labels),
                "dims": gallery.vectors.shape[1],
                "fitted_on": gallery.fit,
                "labels": "none",
                "half": HALF,
            }


def kept(row: dict[str, object]) -> None:
    """Print a row, and record it."""
    told = {key: f"{value:.4f}" if key in FIGURES else value for key, value in row.items()}
    sys.stdout.write(", ".join(f"{key} {value}" for key, value in told.items()) + "\n")
    sys.stdout.flush()
    record("quality", told, ("recipe", "set"))


def main() -> None:
    """Measure, print, and write results/quality.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipes", nargs="*", default=list(RECIPES))
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=(*SETS, *HELD))
    asked = parser.parse_args()
    data = needed_data()
    for recipe in asked.recipes:
        rows = []
        for name in asked.sets:
            rows.append(measured(name, recipe, data))
            kept(rows[-1])
        own = [row for row in rows if row["set"] in SETS]
        if len(own) == len(SETS):
            mean = {key: float(np.mean([row[key] for row in own])) for key in FIGURES}
            kept(own[-1] | {"set": "mean of all", "images": "", "queries": "", "fitted_on": ""} | mean)


if __name__ == "__main__":
    main()
