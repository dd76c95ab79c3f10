"""What each re-ranker gains or loses, and what a fit on other photos costs: results/reranking.csv.

Four sets: all covers among 1000 photos of ImageNet, all scenes, 600 groceries and 600 logos; every photo with
a partner queries all others, but no more than 250 a set, by a fixed hash. mAP by the finite sum. Recipes are
fitted on their set itself without labels ("own"), as a gallery is, or on photos that are not tested
("other": 1000 of fruit and vegetables for the covers, 1000 of ImageNet for the rest). Beside `default`, and
`rmac-whitened`, which was the default before, stand the systems of two papers with the re-ranking that they
use: regional query expansion (Jeong et al. 2017) and diffusion (Husain et al. 2019). A row that is in the CSV
is not measured again, unless `--again`; milliseconds a query are the median of all, on all cores, with local
features stored.

`map_chosen_on` is of the queries of the half of the instances that `half` names, `map_others` of the other.
The settings of `geometry` but its ratio were chosen on the half `last byte even`, the ratio on that of
halves.py.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from pathlib import Path

import numpy as np

from halves import HALF, split_mean
from record import record, recorded
from resight.dataset import BenchmarkQuery, Dataset, Truth
from resight.evaluator import Evaluation, evaluate
from resight.recipe import Recipe
from sets import labelled
from shared_data import needed_data, truth

SETS = {
    "dvd_covers+1000": ("dvd_covers", ["distractors/imagenet_samples"], "distractors/grocery_produce"),
    "scenes": ("scenes", [], "distractors/imagenet_samples"),
    "groceries": ("groceries", [], "distractors/imagenet_samples"),
    "logos": ("logos", [], "distractors/imagenet_samples"),
}
QUERIES = 250
EXPANSIONS = ["mean-expansion", "alpha-expansion", "augmentation", "k-reciprocal", "diffusion"]
GEOMETRY = ["geometry:top=100", "geometry:top=100,expand=true"]
ALL = [[], *([name] for name in EXPANSIONS + GEOMETRY)]
BOTH = ["k-reciprocal", GEOMETRY[1]]  # one after the other
SYSTEMS = {
    "default": [*ALL, BOTH, ["augmentation", GEOMETRY[1]], ["augmentation", *BOTH]],
    "rmac-whitened": ALL,
    "jeong2017-lite0": [[], ["regional-expansion"], ["diffusion"]],
    "husain2019-lite0": [[], ["alpha-expansion"], ["diffusion"]],
    "husain2019-lite0-128": [[], ["diffusion"]],
}


def dataset(data: Path, name: str) -> Dataset:
    """A set with its queries: those with the smallest hashes of their paths, where there are too many."""
    own = labelled(data, name)
    root = data / name
    photos = tuple(path.relative_to(root).as_posix() for path in own.paths)
    labels = np.array(own.labels)
    asked = [i for i in range(len(photos)) if (labels == labels[i]).sum() > 1]
    asked = sorted(sorted(asked, key=lambda i: hashlib.sha256(photos[i].encode()).digest())[:QUERIES])
    questions = tuple(
        BenchmarkQuery(i, {"": Truth(np.setdiff1d(np.flatnonzero(labels == labels[i]), [i]))}) for i in asked
    )
    numbers = np.arange(len(photos))
    return Dataset(name, root, photos, numbers, questions, ("map", "r@1"), "leave-one-out", labels=own.labels)


def halves(found: Evaluation, own: str, data: Path) -> tuple[str, str]:
    """The mAP of the queries on whose instances settings are chosen, and of the others."""
    instances, answers = truth(data / own), found.answers
    means = split_mean(
        [answer.values["map"] for answer in answers], [instances[answer.photo] for answer in answers]
    )
    first, other = ("" if np.isnan(mean) else f"{mean:.4f}" for mean in means)
    return first, other


def done() -> set[tuple[str, ...]]:
    """What is in the CSV already."""
    rows = recorded("reranking")
    return {(row["set"], row["recipe"], row["fitted_on"], row["rerank"]) for row in rows}


def main() -> None:
    """Measure what is missing; print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=list(SETS))
    parser.add_argument("--recipes", nargs="*", default=list(SYSTEMS), choices=list(SYSTEMS))
    parser.add_argument("--fits", nargs="*", default=["own", "other"], choices=["own", "other"])
    parser.add_argument("--again", action="store_true", help="measure rows anew that are there already")
    asked = parser.parse_args()
    data = needed_data()
    known, begun = set() if asked.again else done(), time.monotonic()
    for recipe in asked.recipes:
        for name in asked.sets:
            own, distractors, other = SETS[name]
            fits = {"own": None} | ({"other": data / other} if recipe == "rmac-whitened" else {})
            for fit, source in fits.items():
                if fit not in asked.fits:
                    continue
                for rerank in SYSTEMS[recipe] if fit == "own" else [[]]:
                    key = (name, recipe, fit, " ".join(rerank))
                    if key in known:
                        continue
                    found = evaluate(
                        Recipe.load(recipe),
                        dataset(data, own),
                        distractors=[data / each for each in distractors],
                        fit_from=source,
                        allow_overlap=fit == "own",
                        rerank=rerank,
                    )
                    row = {
                        "set": name,
                        "recipe": recipe,
                        "fitted_on": fit,
                        "rerank": key[3],
                        "queries": found.facts["queries"],
                        "photos": found.facts["photos"] + found.facts["distractors"],
                        "map": f"{found.means['map']:.4f}",
                        "map_chosen_on": halves(found, own, data)[0],
                        "map_others": halves(found, own, data)[1],
                        "r1": f"{found.means['r@1']:.4f}",
                        "ms_a_query": f"{1000 * found.facts['seconds']['a query']:.0f}",
                        "marks": "; ".join(found.caveats),
                        "half": HALF,
                    }
                    record("reranking", row, ("set", "recipe", "fitted_on", "rerank"))
                    minutes = (time.monotonic() - begun) / 60
                    told = ", ".join(f"{k} {v}" for k, v in row.items())
                    sys.stdout.write(f"{minutes:6.1f} min  {told}\n")
                    sys.stdout.flush()


if __name__ == "__main__":
    main()
