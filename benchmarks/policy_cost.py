"""What eight views of `tursun2020` cost beside one, photo by photo: results/policy_cost.csv.

From a file to its descriptor, MAC of EfficientNet-Lite0, one after the other on one core, both on each photo
in turn after one untimed photo. Seconds are the process's own (CPU): clocks tell of other programs, too.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import statistics
import sys
import time
from pathlib import Path

from record import record
from resight.describing.describer import Describer
from resight.engines import load
from resight.parts import Views
from resight.policy import Policy
from resight.recipe import Recipe
from shared_data import needed_data, truth

SIZES = {224: "square", 640: "longest"}


def recipe_of(size: int, precision: str, policy: tuple[str, ...]) -> Recipe:
    """MAC at a size, through a policy or none."""
    part = Recipe.load("mac-lite0").first
    backbone = dataclasses.replace(part.backbone, precision=precision)
    views = Views(SIZES.get(size, "square"), (size,), policy=policy)
    return Recipe("costs", (dataclasses.replace(part, views=views, backbone=backbone),))


def measure(paths: list[Path], size: int, precision: str) -> tuple[float, float]:
    """Median seconds of one view and of eight."""
    plain = Describer(recipe_of(size, precision, ()), engine=lambda backbone: load(backbone, "openvino"))
    through = recipe_of(size, precision, Policy.load("tursun2020").operations)
    works = plain, Describer(through, networks=plain.networks)
    seconds: tuple[list[float], list[float]] = [], []
    for path in [paths[0], *paths]:
        for describer, own in zip(works, seconds, strict=True):
            begun = time.process_time()
            describer(describer.read(path))
            own.append(time.process_time() - begun)
    one, eight = (statistics.median(own[1:]) for own in seconds)
    return one, eight


def main() -> None:
    """Measure, print, and write results/policy_cost.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="*", default=["dvd_covers", "groceries"])
    parser.add_argument("--sizes", nargs="*", type=int, default=list(SIZES))
    parser.add_argument("--precisions", nargs="*", default=["f32", "bf16"], choices=("f32", "bf16"))
    parser.add_argument("--photos", type=int, default=12)
    asked, data = parser.parse_args(), needed_data()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(
            0, {min(os.sched_getaffinity(0))}
        )  # one core: threads that wait spend CPU time, too
    for name in asked.sets:
        photos = list(truth(data / name))
        paths = [data / name / path for path in photos[:: max(1, len(photos) // asked.photos)]]
        for size in asked.sizes:
            for precision in asked.precisions:
                one, eight = measure(paths, size, precision)
                row = {
                    "set": name, "size": size, "precision": precision, "photos": len(paths),
                    "one_ms": f"{1000 * one:.1f}", "eight_ms": f"{1000 * eight:.1f}",
                    "times": f"{eight / one:.2f}",
                }  # fmt: skip
                record("policy_cost", row, ("set", "size", "precision"))
                sys.stdout.write(f"{row}\n")


if __name__ == "__main__":
    main()
