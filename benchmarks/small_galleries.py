"""What whitening fitted on a gallery's own photos does when the gallery is small.

Galleries of a few instances (all photos of each; five random choices, seeded), R-MAC regions of the default
recipe, whitened on the gallery itself with several ridges, or not at all; leave-one-out mAP. Nothing is tuned
by it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leave_one_out import scored
from record import record
from resight.describer import Describer
from resight.engines import load
from resight.indexer.ordered import in_order
from resight.post.l2 import l2
from resight.post.pca_whitening import fit, pca_whitening
from resight.processors import processors
from resight.recipe import Recipe
from shared_data import shared_data, truth

SIZES = {"dvd_covers": (2, 4, 10, 20, 50), "scenes": (2, 5)}
DISTRACTORS = 400
RIDGES = (None, 0.1, 1.0, 10.0)
CHOICES = 5

Regions = NDArray[np.float32]


def pooled(paths: Sequence[Path]) -> list[Regions]:
    """The (R, 320) pooled regions of each photo."""
    recipe = Recipe.load("default")
    plain = Describer(recipe, engine=lambda: load(recipe.backbone, "openvino", processors()))

    def one(path: Path) -> Regions:
        return l2(plain.prepare(plain.read(path)).arrays[0][0])

    return list(in_order(one, paths, processors(), lambda: False))


def precision(regions: list[Regions], labels: list[str], ridge: float | None) -> float:
    """Leave-one-out mAP of the photos that have a label; whitened on all of them."""
    vectors = regions
    if ridge is not None:
        found = fit(regions, dims=256, ridge=ridge)
        vectors = [l2(pca_whitening(rows, found)) for rows in regions]
    descriptors = l2(np.stack([rows.sum(axis=0) for rows in vectors]))
    return float(np.mean(scored(descriptors @ descriptors.T, labels)[0]))


def main() -> None:
    """Measure, print, and write results/small_galleries.csv."""
    data = shared_data()
    if data is None:
        sys.exit("The shared data is absent (RESIGHT_TEST_DATA): nothing is measured.")
    others = pooled(sorted((data / "distractors/imagenet_samples").glob("*.jpg"))[:DISTRACTORS])
    for name, sizes in SIZES.items():
        labels = truth(data / name)
        regions = dict(zip(labels, pooled([data / name / path for path in labels]), strict=True))
        instances = sorted(set(labels.values()))
        cases = [(count, 0) for count in sizes] + [(len(instances), len(others))] * (name == "dvd_covers")
        for count, distractors in cases:
            values: dict[float | None, list[float]] = {ridge: [] for ridge in RIDGES}
            for seed in range(CHOICES if count < len(instances) else 1):
                chosen = set(np.random.default_rng(seed).choice(instances, count, replace=False))
                paths = [path for path, instance in labels.items() if instance in chosen]
                own = [regions[path] for path in paths] + others[:distractors]
                told = [labels[path] for path in paths] + [""] * distractors
                for ridge in RIDGES:
                    values[ridge].append(precision(own, told, ridge))
            row = {"set": name, "instances": count, "photos": len(own), "distractors": distractors}
            row |= {
                f"map_{'not_whitened' if ridge is None else f'ridge_{ridge:g}'}": f"{np.mean(found):.3f}"
                for ridge, found in values.items()
            }
            record("small_galleries", row, ("set", "instances", "distractors"))
            sys.stdout.write(f"{row}\n")


if __name__ == "__main__":
    main()
