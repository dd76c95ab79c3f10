"""Training with labels: what each way to pool gains on things that it never saw. results/training.csv.

Groceries and logos of the shared data, 70 in 100 things trained on and 30 held out, by the hash rule of
`resight.trainer.splitting`. A system is EfficientNet-Lite0, one photo of 384 pixels, a pooling, and whitening
to 256. All rows are mAP of held photos that ask for each other:

- `before`: the system as it comes, whitened on the photos that are trained on;
- `before_own`: the same, whitened on the held photos themselves, as a user who does not train would do;
- `after`: trained; `low` and `high` bound the gain over `before` (95 %, paired over queries);
- `after_128`: the first 128 numbers of the trained descriptor, as they come out.

A run that is in the results is not done again. results/training_curves.csv has the steps of all runs, and
results/training.png draws them.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from record import RESULTS, record, recorded
from resight import trainer
from resight.dataset import Dataset
from resight.datasets._leave_one_out import leave_one_out
from resight.evaluator import Study, compare
from resight.parts import Backbone, Part, Views
from resight.progress import Silent
from resight.recipe import Recipe
from resight.trainer import plan as plans
from resight.trainer.plan import Phase, Plan
from resight.trainer.starting import split
from sets import HOLD, smallest
from shared_data import needed_data, truth

SETS = ("groceries", "logos")
KEY = ("data", "pooling", "learns", "fixed")
CURVE = ("step", "loss", "active", "positive", "negative", "spread", "gradient", "map")
DIMS = 256
FROZEN = plans.load("without-labels").phases[0].frozen
ACTNET = ("power:exponent=0.5",)
# Each pooling: its text, its layers, and the steps on what it gives.
POOLINGS = {
    "gem": ("gem-channels:p=3", ("blocks.5", "blocks.6"), ()),
    "sinh": ("sinh", ("blocks.5", "blocks.6"), ACTNET),
    "exp": ("exp", ("blocks.5", "blocks.6"), ACTNET),
    "weibull": ("weibull", ("blocks.5", "blocks.6"), ACTNET),
    "weibull, one stream": ("weibull", ("blocks.6",), ACTNET),
    "multi-scale NetVLAD": ("multiscale-netvlad:k=16", ("blocks.4",), ()),
}
MINING = {
    "class-ranking": "class-ranking",
    "hardest": "hardest:triplets=1600,margin=0.1",
    "random": "random",
}


@dataclass(frozen=True)
class Case:
    """One run: a data set, a pooling, how it learns, and what keeps its first values beside the network's."""

    data: str
    pooling: str
    learns: str = "info-nce"
    fixed: str = ""

    @property
    def name(self) -> str:
        """Of its curve, and among its like."""
        return ", ".join(
            word for word in (self.data, self.pooling, self.fixed and "fixed", self.learns) if word
        )


def cases() -> list[Case]:
    """All runs: every pooling first, then what is compared with them."""
    found = [Case(data, pooling) for pooling in POOLINGS for data in SETS]
    found += [Case(data, "weibull", fixed="pooling") for data in SETS]
    return found + [Case(data, "multi-scale NetVLAD", learns) for learns in MINING for data in SETS]


def system(name: str, size: int) -> Recipe:
    """The recipe of a pooling."""
    pooling, layers, each = POOLINGS[name]
    views = Views("longest", (size,), 2.0, "sum")
    backbone = Backbone("timm:tf_efficientnet_lite0", "efficientnet-lite0", layers, relu=True)
    join = ("l2", f"pca-whitening:dims={DIMS},ridge=0.1", "l2")
    return Recipe(name, (Part(views, backbone, "whole", pooling, each, "sum", join, ("l2",)),))


def plan_of(case: Case, steps: int, batch: int, size: int, rate: float = 1e-4) -> Plan:
    """As many pictures for each way to learn: pairs for InfoNCE, triplets for what mines."""
    common = {
        "size": size, "steps": steps, "rate": rate, "head_rate": 3 * rate, "warmup": max(1, steps // 10),
        "frozen": (*FROZEN, case.fixed) if case.fixed else FROZEN,
    }  # fmt: skip
    if case.learns == "info-nce":
        phase = Phase(loss="info-nce:temperature=0.05", batch=batch // 2, each=2, mates=0.5, **common)
    else:
        mining = {"mining": MINING[case.learns], "pool": 8 * batch // 2, "mine_every": 10}
        phase = Phase(loss="triplet:margin=0.1", batch=batch // 3, **mining, **common)
    return Plan(phases=(phase,), name=case.learns, labels=True, validate=max(1, steps // 5))


def data_of(name: str, data: Path, most: int) -> Dataset:
    """The photos of a set, each with its thing, named `set/thing` as the hash rule has it."""
    shown = truth(data / name)
    photos = tuple(smallest(shown, most) if most else shown)
    labels = tuple(f"{name}/{shown[path]}" for path in photos)
    questions = leave_one_out(labels, photos)
    return Dataset(
        name, data / name, photos, np.arange(len(photos)), questions, ("map",), "leave-one-out", labels=labels
    )


def measured(case: Case, data: Path, asked: argparse.Namespace) -> dict[str, object]:
    """Train for good, and once with rates of zero; measure what both leave on the held photos."""
    recipe, photos = system(case.pooling, asked.photo), data_of(case.data, data, asked.photos)
    fitted = plan_of(Case(case.data, case.pooling), 1, 4, asked.size, rate=0.0)
    plan = plan_of(case, asked.steps, asked.batch, asked.size)
    with tempfile.TemporaryDirectory() as folder:
        first = trainer.train(recipe, photos, Path(folder) / "first", plan=fitted, hold=HOLD)
        after = trainer.train(recipe, photos, Path(folder) / "after", plan=plan, hold=HOLD)
        keep_curve(case.name, after.folder / "metrics.jsonl")
        held = split(photos, True, HOLD, Path(folder) / "held", Silent()).held
        assert held is not None
        recipes = [Recipe.load(str(run.recipe)) for run in (first, after)]
        study = Study(held, [*recipes, shortened(recipes[1])], {"allow_overlap": True})
        before, trained, short = (study.evaluation(each) for each in study.recipes)
    test = compare(before, trained, "map").test
    return {
        "data": case.data, "pooling": case.pooling, "learns": case.learns, "fixed": case.fixed,
        "photos": len(photos.photos) - len(held.photos), "held": len(held.photos),
        "steps": after.steps, "pictures": after.pictures, "minutes": f"{after.seconds / 60:.1f}",
        "before_own": f"{after.before['map']:.4f}", "before": f"{before.means['map']:.4f}",
        "after": f"{trained.means['map']:.4f}", "gain": f"{test.mean:+.4f}",
        "low": f"{test.low:+.4f}", "high": f"{test.high:+.4f}", "after_128": f"{short.means['map']:.4f}",
    }  # fmt: skip


def shortened(recipe: Recipe) -> Recipe:
    """The first 128 numbers of what a recipe gives."""
    part = recipe.parts[0]
    post = (*part.post, f"cut:dims={min(128, DIMS)}", "l2")
    return dataclasses.replace(recipe, name="short", parts=(dataclasses.replace(part, post=post),))


def keep_curve(name: str, log: Path) -> None:
    """Loss, share of active pictures and mAP of held photos, step by step, into training_curves.csv."""
    rows = [row for row in recorded("training_curves") if row["run"] != name]
    for line in log.read_text(encoding="utf8").splitlines():
        told = json.loads(line)
        rows.append({"run": name, **{column: told.get(column, "") for column in CURVE}})
    RESULTS.mkdir(parents=True, exist_ok=True)
    with (RESULTS / "training_curves.csv").open("w", encoding="utf8", newline="") as file:
        writer = csv.DictWriter(file, ("run", *CURVE), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def draw() -> None:
    """Write results/training.png: mAP of held photos and loss of each run, step by step."""
    rows = recorded("training_curves")
    runs = dict.fromkeys(row["run"] for row in rows)
    panels = [(value, own) for value in ("map", "loss") for own in SETS]
    figure, drawn = plt.subplots(2, len(SETS), figsize=(11, 8.5), layout="constrained")
    for (value, own), axes in zip(panels, drawn.ravel(), strict=True):
        for number, run in enumerate(run for run in runs if run.startswith(f"{own}, ")):
            told = [row for row in rows if row["run"] == run and row[value]]
            points = [(int(row["step"]), float(row[value])) for row in told]
            if points and (value == "map" or run.endswith("info-nce")):
                mark, name = "o" if value == "map" else "", run.removeprefix(f"{own}, ")
                axes.plot(*zip(*points, strict=True), marker=mark, color=f"C{number}", label=name)
        axes.set(title=own, xlabel="step", ylabel="mAP of held photos" if value == "map" else "InfoNCE")
        if value == "map":
            axes.legend(fontsize=7, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.15))
    figure.savefig(RESULTS / "training.png", dpi=110)
    plt.close(figure)


def main() -> None:
    """Do the runs that are not in the results yet; write results/training.csv and its curves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--batch", type=int, default=96, help="pictures a step")
    parser.add_argument("--size", type=int, default=224, help="of training")
    parser.add_argument("--photo", type=int, default=384, help="pixels of the longer side when measured")
    parser.add_argument("--photos", type=int, default=0, help="of a set at most; 0: all")
    parser.add_argument("--first", type=int, default=0, help="so many runs; 0: all")
    asked = parser.parse_args()
    data = needed_data("nothing is trained")
    done = [{key: row[key] for key in KEY} for row in recorded("training")]
    for case in cases()[: asked.first or None]:
        if {key: getattr(case, key) for key in KEY} in done:
            continue
        row = measured(case, data, asked)
        record("training", row, KEY)
        sys.stdout.write(", ".join(f"{key} {value}" for key, value in row.items()) + "\n")
        sys.stdout.flush()
    draw()


if __name__ == "__main__":
    main()
