"""Mean average precision, each photo asking for the others of its group: the measure itself."""

from __future__ import annotations

import numpy as np

from resight.rewards._promise import Examples, Policies, Rewards, Score, summed
from resight.types import Vectors
from resight.workers.threads import in_order


def average_precision(examples: Examples, *, k: int = 0) -> Score:
    """The reward is the mean AP by the finite sum, in all of the ranking, or in its first `k` where k > 0.

    The descriptors of a policy are summed and all photos compared, so a policy costs N^2 products of D
    numbers: thousands of policies a second are for the contrastive reward alone. Nothing is asked of
    diversity.
    """
    groups = examples.groups

    def one(policy: Policies) -> float:
        rows = summed(examples, policy)
        return _mean_average_precision(rows @ rows.T, groups, k)

    def score(policies: Policies) -> Rewards:
        return np.array(list(in_order(one, policies, examples.workers, lambda: False)), np.float64)

    return score


def _mean_average_precision(similarities: Vectors, groups: Policies, k: int) -> float:
    """(N, N), (N,) -> the mean over photos that have others in their group; equal scores stay in order."""
    np.fill_diagonal(similarities, -np.inf)
    order = np.argsort(-similarities, axis=1, kind="stable")[:, :-1]
    right = groups[order] == groups[:, None]
    totals = right.sum(axis=1)
    asking = totals > 0
    right, totals = right[asking][:, : k or None], np.minimum(totals[asking], k or len(groups))
    precisions = np.cumsum(right, axis=1) / np.arange(1, right.shape[1] + 1)
    return float(((precisions * right).sum(axis=1) / totals).mean())
