"""Alike near, others apart, and operations that differ. Tursun et al., ICIP 2020, section 2.2, eq. 3 to 5."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from resight.errors import BadSetting
from resight.rewards._grams import Grams, one_torch_thread
from resight.rewards._promise import Examples, Policies, Rewards, Score
from resight.workers.threads import in_order

AT_ONCE = 512  # policies of one thread, which reads all products for them
REDUCTIONS = ("mean", "sum")


def contrastive(
    examples: Examples,
    *,
    tau: float = 0.7,
    squared: bool = False,
    reduction: str = "mean",
    diversity: float = 1.0,
    transformations: float = 0.1,
    operations: float = 0.05,
) -> Score:
    """The reward -(L_con + diversity L_div) of a policy, by the products of cached descriptors.

    With d the distance of the summed descriptors of a pair, L_con is the mean over pairs of d^2 / 2 where
    they are alike, else of max(0, tau - d) / 2. The paper prints Y in both terms; the second must be 1 - Y.
    `squared` squares that hinge, as Chopra et al., CVPR 2005, do. `reduction` may be "sum", as eq. 4 is
    printed; L_div then weighs nothing beside some thousand pairs. L_div = `transformations` (1 - U / n) +
    `operations` (1 - T / n), of U different variants and T different operations among n.
    """
    if reduction not in REDUCTIONS:
        raise BadSetting(f"'reduction' is one of {', '.join(REDUCTIONS)}, not '{reduction}'.")
    order = np.lexsort((examples.pairs[0], ~examples.alike))  # alike ones first; pairs of a photo together
    grams, kinds = Grams(replace(examples, pairs=examples.pairs[:, order])), examples.operations
    alike, scale = int(examples.alike.sum()), 0.5 / (len(order) if reduction == "mean" else 1)

    def some(policies: Policies) -> Rewards:
        total = np.zeros(len(policies))
        for own, block in grams.blocks(policies):
            near = max(0, min(alike, own.stop) - own.start)
            total += 2 * near - 2 * block[:, :near].sum(axis=1)
            hinge = block[:, near:]  # becomes the distance, then what it lacks of tau, in place
            hinge *= -2
            hinge += 2
            np.sqrt(np.maximum(hinge, 0, out=hinge), out=hinge)
            np.maximum(np.subtract(np.float32(tau), hinge, out=hinge), 0, out=hinge)
            total += (hinge * hinge if squared else hinge).sum(axis=1)
        return -scale * total

    def score(policies: Policies) -> Rewards:
        parts = [policies[first : first + AT_ONCE] for first in range(0, len(policies), AT_ONCE)]
        with one_torch_thread():  # each part has a thread of its own
            found = list(in_order(some, parts, examples.workers, lambda: False))
        less = transformations * (1 - _distinct(policies)) + operations * (1 - _distinct(kinds[policies]))
        return np.concatenate([np.zeros(0), *found]) - diversity * less

    return score


def _distinct(numbers: Policies) -> Rewards:
    """(P, n) -> (P,): how many different numbers a row has, as a share of n."""
    ordered = np.sort(numbers, axis=1)
    found: Rewards = (1 + (np.diff(ordered, axis=1) != 0).sum(axis=1)) / numbers.shape[1]
    return found
