"""Every variant alone, then the best ones together: what an ensemble must beat."""

from __future__ import annotations

import numpy as np

from resight.progress import Progress
from resight.searches._promise import Found, Ledger, Score, Space


def single(
    score: Score, space: Space, budget: int, generator: np.random.Generator, progress: Progress
) -> Found:
    """The best of all policies of one variant, and of the policy of those that are best alone.

    So the policy that is found has one variant, or all; nothing is random.
    """
    del generator
    run = Ledger(score, min(budget, space.variants + 1), progress, "single operations")
    rewards = run(np.arange(space.variants)[:, None])
    if run.left > 0:
        run(np.argsort(-rewards, kind="stable")[None, : space.length])
    return run.found()
