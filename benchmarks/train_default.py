"""Trains the network that ships with Resight: `train_default.py OUT`; the same line with --resume goes on.

First on material under MIT and CC0 alone: groceries and logos with their labels, and photos of produce and
logos that stand alone, each a thing of its own. Three in ten of all, by the hash rule of
`resight.trainer.splitting`, are not trained on; no cover, scene or photo of ImageNet is, but for the last
with --imagenet. `quality.py --recipes OUT/recipe.toml` measures what it leaves.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec
import numpy as np

from resight import trainer
from resight.cli._terminal import Terminal
from resight.dataset import Dataset
from resight.datasets._leave_one_out import leave_one_out
from resight.progress import Stopped
from resight.trainer import plan as plans
from sets import HOLD
from shared_data import needed_data, truth

LABELLED = ("groceries", "logos")
ALONE = ("distractors/grocery_produce", "distractors/logos")
LICENCE = "groceries and produce MIT (GroceryStoreDataset); logos MIT and CC0; trademarks are their owners'"
IMAGENET = "; ImageNet samples, under the terms of ImageNet"


def material(data: Path, imagenet: bool) -> Dataset:
    """All photos, with the things that they show as `set/instance`; "" for those that stand alone."""
    shown = {f"{own}/{path}": f"{own}/{one}" for own in LABELLED for path, one in truth(data / own).items()}
    for folder in (*ALONE, *(["distractors/imagenet_samples"] if imagenet else [])):
        for path in sorted((data / folder).rglob("*")):
            if path.suffix.lower() in (".jpg", ".jpeg", ".png"):
                shown[str(path.relative_to(data))] = ""
    photos, labels = tuple(shown), tuple(shown.values())
    questions = leave_one_out(labels, photos)
    return Dataset(
        "material", data, photos, np.arange(len(photos)), questions, ("map",), "leave-one-out", labels=labels
    )


def main() -> None:
    """Train, and say where the recipe is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=650)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--imagenet", action="store_true")
    parser.add_argument("--resume", action="store_true")
    asked = parser.parse_args()
    data = needed_data("nothing is trained")
    plan = plans.load("without-labels")
    changes = {"steps": asked.steps, "batch": asked.batch, "size": asked.size, "mates": 0.5}
    phase = msgspec.structs.replace(plan.phases[0], **changes)
    plan = msgspec.structs.replace(plan, name="default", labels=True, phases=(phase,))
    photos, licence = material(data, asked.imagenet), LICENCE + (IMAGENET if asked.imagenet else "")
    with Terminal().watching() as terminal:
        try:
            found = trainer.train(
                "rmac-pairs", photos, asked.out, plan=plan, hold=HOLD, half=True, licence=licence,
                resume=asked.resume, progress=terminal,
            )  # fmt: skip
        except Stopped:
            sys.exit("Stopped: the same line with --resume goes on.")
    sys.stdout.write(f"{found}\n")


if __name__ == "__main__":
    main()
