"""Policies drawn evenly, each variant by itself: what others must beat. Bergstra and Bengio, JMLR 2012."""

from __future__ import annotations

import numpy as np

from resight.progress import Progress
from resight.searches._promise import Found, Ledger, Score, Space


def random_search(
    score: Score,
    space: Space,
    budget: int,
    generator: np.random.Generator,
    progress: Progress,
    *,
    batch: int = 1000,
) -> Found:
    """The best of `budget` policies, drawn and scored `batch` at once."""
    run = Ledger(score, budget, progress, "random search")
    while run.left > 0:
        run(generator.integers(0, space.variants, (min(batch, run.left), space.length)))
    return run.found()
