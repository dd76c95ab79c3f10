"""Policies scored from cached descriptors: products of pairs beside a loop that sums, and each search's time.

Descriptors are drawn, as many and as wide as on the paper's pairs: what they hold changes no time. There are
two loops. That over policies is NumPy's: for each policy the cached descriptors of all photos are summed and
normalised, and pairs multiplied. That over pairs sums the cached descriptors of the two photos of each pair
of each policy, as code does that knows nothing of the other pairs. Time is the process's own on all cores
(CPU seconds) and the clock's.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

import numpy as np

from record import record
from resight import methods
from resight.policy import variants
from resight.processors import processors
from resight.progress import Silent
from resight.rewards import Examples
from resight.rewards._grams import Grams
from resight.rewards._promise import summed
from resight.searches import Space
from resight.tuner.grouping import pairs_of

GROUP = 5  # photos of a drawn group: 317 groups make about the pairs of the paper


def drawn(photos: int, width: int) -> Examples:
    """Unit vectors of photos in groups, through all variants and none."""
    draw, names = np.random.default_rng(0), (*variants(), "")
    groups = np.arange(photos) // GROUP
    rows = draw.normal(size=(photos, len(names), width)).astype(np.float32)
    rows += 2 * draw.normal(size=(photos // GROUP + 1, 1, width)).astype(np.float32)[groups]
    rows /= np.linalg.norm(rows, axis=2, keepdims=True)
    return Examples(rows, names, groups, *pairs_of(groups, 0), workers=processors())


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the clock, and of the process on all cores."""
    clock, own = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - own


def looped(examples: Examples, policies: np.ndarray) -> list[np.ndarray]:
    """The similarities of the pairs, a policy at a time."""
    found = []
    for policy in policies:
        rows = summed(examples, policy)
        found.append(np.einsum("pd,pd->p", rows[examples.pairs[0]], rows[examples.pairs[1]]))
    return found


def looped_by_pairs(examples: Examples, policies: np.ndarray) -> list[list[float]]:
    """The similarities of the pairs, a policy and a pair at a time."""
    found = []
    for policy in policies:
        own = []
        for one, other in examples.pairs.T:
            first = examples.descriptors[one, policy].sum(axis=0)
            second = examples.descriptors[other, policy].sum(axis=0)
            own.append(float(first @ second / np.sqrt((first @ first) * (second @ second))))
        found.append(own)
    return found


def main() -> None:
    """Measure, and write results/tuning.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=317 * GROUP)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--policies", type=int, default=20_000)
    parser.add_argument("--looped", type=int, default=50, help="policies that the loop scores")
    parser.add_argument("--searches", nargs="*", default=methods.names("searches"))
    asked = parser.parse_args()
    examples = drawn(asked.photos, asked.width)
    shape = {"photos": asked.photos, "width": asked.width, "pairs": examples.pairs.shape[1]}
    table = timed(lambda: Grams(examples))
    score = methods.find("rewards", "contrastive")(examples)
    policies = np.random.default_rng(1).integers(0, len(variants()), (asked.policies, 8))
    few = policies[: asked.looped], policies[: max(1, asked.looped // 10)]
    whole = timed(lambda: score(policies))
    loops = timed(lambda: looped(examples, few[0])), timed(lambda: looped_by_pairs(examples, few[1]))
    # a policy's own CPU seconds, on however many cores: clocks tell of other programs, too
    own = whole[1] / asked.policies
    over, by = (loop[1] / len(some) for loop, some in zip(loops, few, strict=True))
    row: dict[str, object] = shape | {
        "what": "scoring", "policies": asked.policies, "seconds": f"{whole[0]:.2f}",
        "cpu_seconds": f"{whole[1]:.2f}", "table_cpu_seconds": f"{table[1]:.2f}",
        "policies_a_cpu_second": f"{1 / own:.0f}", "loop_over_policies_a_cpu_second": f"{1 / over:.1f}",
        "loop_over_pairs_a_cpu_second": f"{1 / by:.2f}", "times_loop_over_policies": f"{over / own:.0f}",
        "times_loop_over_pairs": f"{by / own:.0f}",
        "times_loop_over_policies_clock": f"{loops[0][0] / len(few[0]) * asked.policies / whole[0]:.0f}",
        "times_loop_over_pairs_clock": f"{loops[1][0] / len(few[1]) * asked.policies / whole[0]:.0f}",
    }  # fmt: skip
    rows = [row]
    space = Space.of(variants(), 8)
    for name in asked.searches:
        search = methods.find("searches", name)
        taken = timed(
            lambda search=search: search.call(
                score, space, asked.policies, np.random.default_rng(0), Silent()
            )
        )
        rows.append(shape | {"what": name, "policies": asked.policies, "seconds": f"{taken[0]:.2f}",
                             "cpu_seconds": f"{taken[1]:.2f}"})  # fmt: skip
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    for each in rows:
        whole_row = {key: "" for key in row} | each | {"peak_gb": f"{peak:.2f}"}
        record("tuning", whole_row, ("what", "photos", "width", "policies"))
        print(whole_row)


if __name__ == "__main__":
    main()
