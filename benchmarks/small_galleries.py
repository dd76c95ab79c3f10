"""What whitening fitted on a gallery's own photos does when the gallery is small.

Galleries of 5 to 250 photos of every set, ten seeded draws each: up to five photos of each of randomly drawn
instances, more of each where there are too few. R-MAC regions of the default network, not whitened, whitened
by pairs of synthetic views as `default` does it, and PCA-whitened as `rmac-whitened` does it, each fitted on
the gallery itself; leave-one-out mAP. Nothing is tuned by it. A picture goes beside the CSV.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from leave_one_out import scored
from record import RESULTS, record, recorded
from resight.describing import fitting as fitter
from resight.describing.describer import Describer
from resight.engines import load
from resight.indexer import fits
from resight.processors import processors
from resight.recipe import Recipe
from resight.types import Prepared
from resight.workers.threads import in_order
from sets import SETS, labelled
from shared_data import needed_data

SIZES = (5, 10, 20, 50, 100, 250)
DRAWS = 10
EACH = 5  # photos of an instance
WAYS = {"not_whitened": "rmac-lite0", "pair_whitened": "rmac-pairs", "pca_whitened": "rmac-whitened"}


def describers() -> dict[str, Describer]:
    """Of each way, its describer; they share the network."""
    recipes = {way: Recipe.load(name) for way, name in WAYS.items()}
    first = Describer(
        next(iter(recipes.values())), engine=lambda backbone: load(backbone, "openvino", processors())
    )
    return {way: Describer(recipe, networks=first.networks) for way, recipe in recipes.items()}


def prepared(describer: Describer, paths: Sequence[Path]) -> list[Prepared]:
    """Every photo, with as many views as the smallest galleries have."""

    def one(number: int) -> Prepared:
        photo = describer.read(paths[number])
        return describer.prepare(photo, variants=fits.MOST_VARIANTS, seed=(number,))

    return list(in_order(one, range(len(paths)), processors(), lambda: False))


def drawn(labels: Sequence[str], count: int, seed: int) -> list[int]:
    """So many photos: up to five of an instance, and more of each where that is not enough."""
    chance, names = np.random.default_rng(seed), np.array(labels)
    found: list[int] = []
    for instance in chance.permutation(sorted(set(labels) - {""})):
        own = chance.permutation(np.flatnonzero(names == instance))
        found += own[: min(EACH, count - len(found))].tolist()
    rest = chance.permutation(np.setdiff1d(np.flatnonzero(names != ""), found))
    return found + rest[: count - len(found)].tolist()


def precision(describer: Describer, photos: list[Prepared], labels: list[str]) -> float:
    """Leave-one-out mAP of a gallery that is fitted on itself."""
    views = fits.variants(describer, len(photos))
    own = [Prepared(photo.parts, (), photo.variants[:views]) for photo in photos]
    if describer.fitted_steps:
        describer = describer.with_parameters(fitter.fit(describer, lambda: own), "benchmark")
    vectors = np.concatenate([describer.finish(photo).vectors for photo in own])
    return float(np.mean(scored(vectors @ vectors.T, labels)[0]))


def draw_picture() -> None:
    """A panel a set: mAP against the size of the gallery."""
    from matplotlib.figure import Figure

    rows = recorded("small_galleries")
    names = [name for name in (*SETS, "mean of all") if any(row["set"] == name for row in rows)]
    drawn = Figure((3.2 * len(names), 3.6), layout="constrained")
    for axes, name in zip(drawn.subplots(1, len(names), sharey=True, squeeze=False)[0], names, strict=True):
        own = sorted((row for row in rows if row["set"] == name), key=lambda row: int(row["photos"]))
        for way, mark in zip(WAYS, "os^", strict=True):
            axes.plot([int(row["photos"]) for row in own], [float(row[f"map_{way}"]) for row in own],
                      marker=mark, label=way.replace("_", " "))  # fmt: skip
        axes.set(title=name, xlabel="photos in the gallery", xscale="log", ylim=(0, 1.02))
        axes.set_xticks(SIZES, [str(size) for size in SIZES])
        axes.minorticks_off()
    drawn.axes[0].set_ylabel("mAP, leave-one-out, ten draws")
    drawn.axes[0].legend(loc="lower left")
    drawn.savefig(RESULTS / "small_galleries.png", dpi=80)


def main() -> None:
    """Measure, print, and write results/small_galleries.csv and .png."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=SETS)
    asked = parser.parse_args()
    data = needed_data()
    ways, means = describers(), {}
    for name in asked.sets:
        own = labelled(data, name)
        known = [number for number, label in enumerate(own.labels) if label]
        labels = [own.labels[number] for number in known]
        photos = prepared(ways["pair_whitened"], [own.paths[number] for number in known])
        for size in (size for size in SIZES if size <= len(labels)):
            values: dict[str, list[float]] = {way: [] for way in ways}
            for seed in range(DRAWS):
                chosen = drawn(labels, size, seed)
                for way, describer in ways.items():
                    asked_of = [photos[number] for number in chosen], [labels[number] for number in chosen]
                    values[way].append(precision(describer, *asked_of))
            means[name, size] = {way: float(np.mean(found)) for way, found in values.items()}
            keep(name, size, means[name, size])
    for size in SIZES if set(asked.sets) == set(SETS) else ():
        own_means = [found for (_, count), found in means.items() if count == size]
        keep("mean of all", size, {way: float(np.mean([found[way] for found in own_means])) for way in ways})
    draw_picture()


def keep(name: str, size: int, found: dict[str, float]) -> None:
    """Print a row, and record it."""
    row = {"set": name, "photos": size, "draws": DRAWS} | {
        f"map_{way}": f"{mean:.3f}" for way, mean in found.items()
    }
    record("small_galleries", row, ("set", "photos"))
    sys.stdout.write(f"{row}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
