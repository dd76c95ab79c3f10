"""Do policies help? Tables 1 and 2 of Tursun et al., ICIP 2020, on logos and photos: results/policies.csv.

Instances are split in halves by the rule of `halves.py`: a policy is searched for on drawings of one half,
by one network with one pooling, and every row is measured on the other half among distractors. The policy
goes unchanged to all networks and poolings (transfer); `tursun2020` stands beside it, and no policy. With
`--own`, each network and pooling also has a policy that was found with itself. Whitening is fitted on all
photos of the searching half, seen as they are. Instances and photos are those with the smallest hashes of
their names.

Descriptors are kept in a folder, so a run that was stopped goes on, and a larger one adds to it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from halves import is_chosen_on
from looked_through import NETWORKS, POOLINGS, LookedThrough, recipe_of
from record import record
from resight import methods
from resight.files import cache_folder
from resight.metrics import comparison
from resight.metrics.average_rank import normalised_average_rank
from resight.metrics.precision import average_precision_at
from resight.policy import Policy, variants
from resight.processors import processors
from resight.progress import Silent
from resight.rewards import Examples
from resight.searches import Space
from resight.tuner.grouping import pairs_of
from shared_data import needed_data, truth

DISTRACTORS = {"logos": "logos", "groceries": "grocery_produce", "dvd_covers": "imagenet_samples"}
K = 100  # of MAP@100
NAMES = (*variants(), "")


def digest(name: str) -> str:
    """What names are sorted by, to choose some of them."""
    return hashlib.sha256(name.encode()).hexdigest()


@dataclass(frozen=True)
class Halves:
    """Photos of a set with its distractors, the instance of each, "" of a distractor; and which are used."""

    paths: list[Path]
    labels: list[str]
    searched_on: list[int]
    asked: list[int]
    distractors: list[int]
    fitted_on: list[int]

    @classmethod
    def of(cls, data: Path, name: str, wanted: argparse.Namespace) -> Halves:
        """A set: so many instances of each half, and so many photos of each of them."""
        own = truth(data / name)
        found = (data / "distractors" / DISTRACTORS[name]).rglob("*")
        others = sorted(path for path in found if path.is_file())
        paths, labels = [data / name / path for path in own], list(own.values())
        numbers = range(len(paths), len(paths) + min(wanted.distractors, len(others)))
        first = [number for number, label in enumerate(labels) if is_chosen_on(label)]
        other = [number for number, label in enumerate(labels) if not is_chosen_on(label)]
        chosen = _some(paths, labels, first, wanted.found_on, wanted.each)
        asked = _some(paths, labels, other, wanted.asked, wanted.each)
        return cls([*paths, *others], labels + [""] * len(others), chosen, asked, list(numbers), first)


def _some(
    paths: Sequence[Path], labels: Sequence[str], numbers: Iterable[int], instances: int, each: int
) -> list[int]:
    """Some photos of some instances that have two at least, instance by instance."""
    groups: dict[str, list[int]] = {}
    for number in numbers:
        groups.setdefault(labels[number], []).append(number)
    kept = [label for label in sorted(groups, key=digest) if len(groups[label]) > 1][:instances]
    return [
        number
        for label in kept
        for number in sorted(groups[label], key=lambda number: digest(paths[number].name))[:each]
    ]


def examples_of(rows: NDArray[np.float32], labels: Sequence[str]) -> Examples:
    """Photos through all variants and none, as a reward takes them."""
    groups = np.unique(labels, return_inverse=True)[1].astype(np.int64)
    return Examples(rows, NAMES, groups, *pairs_of(groups, 0), workers=processors())


def summed(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, n, D) of the operations of a policy -> (N, D), by equations 1 and 2."""
    total = rows.sum(axis=1)
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)


def measured(rows: NDArray[np.float32], labels: Sequence[str]) -> tuple[list[float], list[float]]:
    """(N, D) descriptors -> MAP@100's and the normalised rank's values of each photo that has others."""
    names, precisions, ranked = np.array(labels), [], []
    for query in np.flatnonzero(names != ""):
        order = np.argsort(-(rows @ rows[query]), kind="stable")
        order = order[order != query]
        ranks = np.flatnonzero(names[order] == names[query])
        if len(ranks):
            precisions.append(average_precision_at(ranks, len(ranks), K))
            ranked.append(normalised_average_rank(ranks, len(ranks), len(order)))
    return precisions, ranked


def find(looked: LookedThrough, halves: Halves, pooling: str, wanted: argparse.Namespace) -> tuple[str, ...]:
    """The policy that is rewarded most on the searching half."""
    rows = looked.rows(pooling, halves.searched_on, NAMES)
    examples = examples_of(rows, [halves.labels[number] for number in halves.searched_on])
    score = methods.find("rewards", wanted.reward)(examples)
    search = methods.find("searches", wanted.search)
    space = Space.of(NAMES[:-1], 8)
    found = search.call(score, space, wanted.policies, np.random.default_rng(0), Silent())
    return tuple(NAMES[number] for number in found.policies[0])


def measure(
    looked: LookedThrough, halves: Halves, policies: dict[str, tuple[str, ...]], row: dict[str, object]
) -> None:
    """A row a policy, beside none, of one network and pooling."""
    photos = [*halves.asked, *halves.distractors]
    labels = [halves.labels[number] for number in photos]
    before: list[float] = []
    for name, operations in {"none": ("",), **policies}.items():
        values, ranked = measured(summed(looked.rows(str(row["pooling"]), photos, operations)), labels)
        before = before or values
        gain = comparison.paired(before, values)
        found = row | {
            "policy": name, "photos": len(photos), "queries": len(values), "map100": f"{np.mean(values):.4f}",
            "gain": f"{gain.mean:+.4f}", "gain_low": f"{gain.low:+.4f}", "gain_high": f"{gain.high:+.4f}",
            "rank": f"{np.mean(ranked):.4f}", "rank_deviation": f"{np.std(ranked):.4f}",
            "operations": json.dumps(list(operations)),
        }  # fmt: skip
        record("policies", found, ("set", "network", "pooling", "policy"))
        sys.stdout.write(
            f"{row['set']} {row['network']} {row['pooling']} {name}: MAP@100 {found['map100']} "
            f"({found['gain']}, {found['gain_low']} to {found['gain_high']}), rank {found['rank']}\n"
        )
        sys.stdout.flush()


def run(name: str, data: Path, wanted: argparse.Namespace) -> None:
    """One set: search with the first network, then measure with all."""
    halves = Halves.of(data, name, wanted)
    published, transferred = Policy.load("tursun2020").operations, ()
    for network in wanted.networks:
        recipe = recipe_of(network, data, wanted.precision, wanted.size)
        looked = LookedThrough(wanted.kept, recipe, halves.paths, halves.fitted_on)
        searches = wanted.own or not transferred
        if searches:
            looked.describe(halves.searched_on, NAMES)
        transferred = transferred or find(looked, halves, wanted.pooling, wanted)
        own = {each: find(looked, halves, each, wanted) for each in POOLINGS if wanted.own}
        first = f"found with {wanted.networks[0]} {wanted.pooling}"
        needed = dict.fromkeys(
            ["", *published, *transferred, *(each for one in own.values() for each in one)]
        )
        looked.describe([*halves.asked, *halves.distractors], list(needed))
        for pooling in POOLINGS:
            row = {
                "set": name, "network": network, "pooling": pooling, "precision": wanted.precision,
                "instances": f"{wanted.found_on} and {wanted.asked}", "found_on": len(halves.searched_on),
                "search": wanted.search, "reward": wanted.reward, "scored": wanted.policies,
            }  # fmt: skip
            policies = {"tursun2020": published, first: transferred}
            measure(looked, halves, policies | ({"own": own[pooling]} if own else {}), row)


def options() -> argparse.ArgumentParser:
    """What a run is told; `searches.py` takes the same."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="*", default=["logos"], choices=DISTRACTORS)
    parser.add_argument("--networks", nargs="*", default=list(NETWORKS), choices=NETWORKS)
    parser.add_argument("--pooling", default="MAC", choices=POOLINGS, help="the policy is found with")
    parser.add_argument("--found-on", type=int, default=112, help="instances that are searched on")
    parser.add_argument("--asked", type=int, default=112, help="instances of the other half")
    parser.add_argument("--each", type=int, default=3, help="photos of an instance")
    parser.add_argument("--distractors", type=int, default=1250)
    parser.add_argument("--search", default="evolution")
    parser.add_argument("--reward", default="contrastive")
    parser.add_argument("--policies", type=int, default=20_000)
    parser.add_argument("--own", action="store_true", help="search with each network and pooling, too")
    parser.add_argument("--precision", default="bf16", choices=("f32", "bf16"))
    parser.add_argument("--size", type=int, default=224, help="pixels of the sides that photos are warped to")
    parser.add_argument("--kept", type=Path, default=cache_folder() / "looked_through")
    return parser


def main() -> None:
    """Measure, print, and write results/policies.csv."""
    wanted, data = options().parse_args(), needed_data()
    for name in wanted.sets:
        run(name, data, wanted)


if __name__ == "__main__":
    main()
