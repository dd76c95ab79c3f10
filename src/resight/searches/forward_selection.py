"""Greedy forward selection: the variant that helps most is added, until the policy is full. With a beam."""

from __future__ import annotations

import numpy as np

from resight.progress import Progress
from resight.searches._growing import grown
from resight.searches._promise import Found, Ledger, Score, Space


def forward_selection(
    score: Score,
    space: Space,
    budget: int,
    generator: np.random.Generator,
    progress: Progress,
    *,
    beam: int = 0,
) -> Found:
    """Policies of 1, 2, 3 ... variants: each of the `beam` best ones of a length is tried with each variant.

    A `beam` of 0 is as many as use up the budget; 1 is the greedy search. Nothing is random. The result may
    be shorter than the space's policies where a shorter one was best.
    """
    del generator
    run = Ledger(score, budget, progress, "forward selection")
    grown(run, space, budget, beam)
    return run.found()
