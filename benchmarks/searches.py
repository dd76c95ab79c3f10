"""Searches at equal numbers of scored policies, seed after seed: results/searches.csv and searches.png.

The descriptors are those of `policies.py`, of its searching half alone. Two thirds of its instances are
searched on, and the others tell what a policy is worth that no search has seen: MAP@100 of its photos among
themselves.
"""

from __future__ import annotations

import sys
import time

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from looked_through import LookedThrough, recipe_of
from policies import NAMES, Halves, digest, examples_of, measured, options, summed
from record import RESULTS, record
from resight import methods
from resight.progress import Silent
from resight.searches import Found, Space
from shared_data import needed_data

SEARCHES = (
    "evolution",
    "forward-selection",
    "forward-selection:beam=1",
    "ppo",
    "ppo:lr=0.001",
    "random-search",
)
Course = list[tuple[int, float]]


def split(halves: Halves) -> tuple[list[int], list[int]]:
    """Photos of two thirds of the instances, and of every third in the order of their hashes."""
    held = set(sorted({halves.labels[number] for number in halves.searched_on}, key=digest)[2::3])
    apart = [halves.labels[number] in held for number in halves.searched_on]
    return (
        [number for number, own in zip(halves.searched_on, apart, strict=True) if not own],
        [number for number, own in zip(halves.searched_on, apart, strict=True) if own],
    )


def draw(courses: dict[str, list[Found]], alone: float) -> None:
    """The best reward against the policies scored: the mean of the seeds, and their range."""
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    longest = max(found.scored for all_ in courses.values() for found in all_)
    places = np.unique(np.geomspace(100, longest, 60).astype(int))
    for name, all_ in courses.items():
        best = np.array([[_by(found, place) for place in places] for found in all_])
        (line,) = axes.plot(places, best.mean(axis=0), label=name)
        axes.fill_between(places, best.min(axis=0), best.max(axis=0), color=line.get_color(), alpha=0.2)
    axes.axhline(alone, color="grey", linewidth=1, linestyle=":", label="the photo as it is")
    axes.set_xscale("log")
    axes.set_xlabel("policies scored")
    axes.set_ylabel("best reward by then")
    axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(RESULTS / "searches.png", dpi=130)


def _by(found: Found, place: int) -> float:
    """The best reward after so many policies."""
    return max((reward for scored, reward in found.course if scored <= place), default=found.course[0][1])


def main() -> None:
    """Measure, print, and write results/searches.csv and its picture."""
    parser = options()
    parser.description = __doc__
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--searches", nargs="*", default=list(SEARCHES))
    wanted, data = parser.parse_args(), needed_data()
    name, network = wanted.sets[0], wanted.networks[0]
    halves = Halves.of(data, name, wanted)
    recipe = recipe_of(network, data, wanted.precision, wanted.size)
    looked = LookedThrough(wanted.kept, recipe, halves.paths, halves.fitted_on)
    looked.describe(halves.searched_on, NAMES)
    own, held = split(halves)
    examples = examples_of(looked.rows(wanted.pooling, own, NAMES), [halves.labels[number] for number in own])
    others, labels = looked.rows(wanted.pooling, held, NAMES), [halves.labels[number] for number in held]
    score, space = methods.find("rewards", wanted.reward)(examples), Space.of(NAMES[:-1], 8)
    courses: dict[str, list[Found]] = {}
    before = np.mean(measured(summed(others[:, [len(NAMES) - 1]]), labels)[0])
    for search in wanted.searches:
        for seed in range(wanted.seeds):
            begun = time.process_time()
            found = methods.find("searches", search).call(
                score, space, wanted.policies, np.random.default_rng(seed), Silent()
            )
            seconds = time.process_time() - begun
            courses.setdefault(search, []).append(found)
            worth = np.mean(measured(summed(others[:, list(found.policies[0])]), labels)[0])
            row = {
                "set": name, "network": network, "pooling": wanted.pooling, "reward": wanted.reward,
                "search": search, "seed": seed, "policies": wanted.policies, "scored": found.scored,
                "found_on": f"{len(own)} photos", "best": f"{found.rewards[0]:.6f}",
                "cpu_seconds": f"{seconds:.1f}",
                "held": f"{len(held)} photos", "held_map100": f"{worth:.4f}", "held_alone": f"{before:.4f}",
            }  # fmt: skip
            record("searches", row, ("set", "network", "pooling", "reward", "search", "seed", "policies"))
            sys.stdout.write(f"{search} {seed}: {row['best']} in {seconds:.1f} s of CPU, held {worth:.4f}\n")
            sys.stdout.flush()
    draw(courses, float(score(np.array([[len(NAMES) - 1]]))[0]))


if __name__ == "__main__":
    main()
