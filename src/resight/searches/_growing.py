"""Policies that grow by one variant at a time, of which the best are kept."""

from __future__ import annotations

import numpy as np

from resight.searches._promise import Ledger, Policies, Rewards, Space


def grown(run: Ledger, space: Space, budget: int, beam: int = 0) -> tuple[Policies, Rewards]:
    """The `beam` best policies (B, n) of each length up to the space's, and their rewards (B,), best first.

    Each policy that was kept is tried with each variant beside it. A `beam` of 0 is as many as use up the
    budget. Where that ends early, the policies are shorter.
    """
    width = beam or max(1, (budget - space.variants) // max(1, space.variants * (space.length - 1)))
    kept: Policies = np.empty((1, 0), np.int64)
    rewards: Rewards = np.zeros(1)
    last = max(0, run.left - budget)
    for _ in range(space.length):
        added = np.tile(np.arange(space.variants), len(kept))[:, None]
        tried = np.column_stack([np.repeat(kept, space.variants, axis=0), added])
        tried = np.unique(np.sort(tried, axis=1), axis=0)[: run.left - last]
        if not len(tried):
            break
        found = run(tried)
        order = np.argsort(-found, kind="stable")[:width]
        kept, rewards = tried[order], found[order]
    return kept, rewards
