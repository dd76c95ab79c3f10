"""What bf16 brings: photos a second beside float32, and the mAP of both.

Speed: the same photos, in memory already, through views, network, pooling and steps, a thread a core, in
rounds that take turns in one run; medians. `--sets` also indexes those sets of the shared data with both,
and asks each photo for the others of its instance (leave-one-out mAP). A set that is not named is not
measured, and keeps the row it had.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import sys
import tempfile
import time
import warnings
from pathlib import Path

from quality import gathered, scored
from record import record
from resight.describing import Describer, describer_like
from resight.engines import device, load
from resight.engines._device import cpu_has_bf16
from resight.gallery import snapshot_of
from resight.images import Photo
from resight.indexer import index
from resight.parts import PRECISIONS
from resight.processors import processors
from resight.recipe import Recipe
from resight.workers.threads import in_order
from sets import SETS, labelled
from shared_data import needed_data
from speed import chosen


def in_precision(recipe: Recipe, precision: str, size: int = 0) -> Recipe:
    """The recipe with its networks in that precision, at one size if it is said."""
    parts = []
    for part in recipe.parts:
        if part.backbone.layers:
            part = dataclasses.replace(part, backbone=dataclasses.replace(part.backbone, precision=precision))
        views = dataclasses.replace(part.views, sizes=(size,)) if size else part.views
        parts.append(dataclasses.replace(part, views=views))
    return Recipe(f"{recipe.name}-{precision}", tuple(parts))


def rates(describers: dict[str, Describer], photos: list[Photo], rounds: int) -> dict[str, float]:
    """Photos a second of each, the median over rounds that take turns, after one that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in describers}
    for round_ in range(rounds + 1):
        for name, describe in describers.items():
            begun = time.perf_counter()
            for _ in in_order(describe, photos, processors(), lambda: False):
                pass
            if round_:
                seconds[name].append(time.perf_counter() - begun)
    return {name: len(photos) / statistics.median(own) for name, own in seconds.items()}


def fitted(recipe: Recipe, paths: list[Path]) -> Describer:
    """The recipe's describer, a thread a core; with the fit of these photos where it needs one."""
    make = lambda backbone: load(backbone, "openvino", processors())  # noqa: E731
    describe = Describer(recipe, engine=make)
    if describe.is_fitted:
        return describe
    with tempfile.TemporaryDirectory() as folder:
        for number, path in enumerate(paths):
            (Path(folder) / f"{number:05d}{path.suffix}").symlink_to(path.resolve())
        with snapshot_of(index(folder, recipe=recipe).gallery) as snapshot:
            return describer_like(snapshot, "openvino", processors())


def quality(recipe: Recipe, name: str, data: Path) -> dict[str, float]:
    """MAP of a set in each precision, each gallery fitted on its own photos."""
    own, found = labelled(data, name), {}
    for precision in PRECISIONS:
        with tempfile.TemporaryDirectory() as folder:
            names = gathered(own, Path(folder))
            report = index(folder, recipe=in_precision(recipe, precision))
            with snapshot_of(report.gallery) as snapshot:
                found[precision] = scored(snapshot, names, own.labels)["map"]
    return found


def main() -> None:
    """Measure, print, and write results/precision.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", default="rmac-lite0")
    parser.add_argument("--size", type=int, default=1024, help="pixels of the longer side; 1024")
    parser.add_argument("--photos", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sets", nargs="*", default=[], choices=SETS, metavar="SET")
    asked = parser.parse_args()
    data = needed_data()
    warnings.simplefilter("ignore")
    recipe, paths = Recipe.load(asked.recipe), chosen(data, asked.photos)
    describers = {each: fitted(in_precision(recipe, each, asked.size), paths) for each in PRECISIONS}
    photos = [describers["f32"].read(path) for path in paths]
    found = rates(describers, photos, asked.rounds)
    common = {"recipe": asked.recipe, "device": device("openvino"), "bf16_units": cpu_has_bf16()}
    rows = [{"what": f"photos/s at {asked.size} px", **{k: f"{v:.2f}" for k, v in found.items()},
             "bf16_to_f32": f"{found['bf16'] / found['f32']:.2f}", "photos": len(photos)}]  # fmt: skip
    for name in asked.sets:
        both = quality(recipe, name, data)
        rows.append({"what": f"mAP of {name}", **{k: f"{v:.4f}" for k, v in both.items()},
                     "bf16_to_f32": f"{both['bf16'] - both['f32']:+.4f}",
                     "photos": len(labelled(data, name).paths)})  # fmt: skip
    for row in rows:
        record("precision", common | row, ("recipe", "device", "what"))
        sys.stdout.write(f"{row}\n")


if __name__ == "__main__":
    main()
