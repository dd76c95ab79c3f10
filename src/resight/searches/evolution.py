"""Policies that grew greedily, then children of them with local moves: a memetic search. Moscato, 1989.

The best parents stay, children take variants of two parents, and a moved variant goes to another magnitude of
its operation, or becomes any other.
"""

from __future__ import annotations

import numpy as np

from resight.progress import Progress
from resight.searches._growing import grown
from resight.searches._promise import Found, Ledger, Policies, Score, Space


def evolution(
    score: Score,
    space: Space,
    budget: int,
    generator: np.random.Generator,
    progress: Progress,
    *,
    parents: int = 30,
    children: int = 200,
    grow: float = 0.5,
    local: float = 0.3,
    moves: float = 1.0,
) -> Found:
    """The best policy of a population of `parents`, which make `children` a generation.

    A share `grow` of the budget is for forward selection, whose beam is the first population. A child moves
    `moves` of its variants in the mean, one at least; a share `local` of these goes to a neighbouring
    magnitude of the operation, the others to any variant.
    """
    run = Ledger(score, budget, progress, "evolution")
    kept, rewards = grown(run, space, round(grow * budget))
    moving = _Moves(space, generator, local, moves)
    if kept.shape[1] < space.length:  # the budget did not reach that far, or nothing was to grow
        kept, rewards = np.empty((0, space.length), np.int64), np.empty(0)
    known = set(map(tuple, kept.tolist()))
    while run.left > 0:
        count = min(children, run.left)
        made = [moving.child(kept) for _ in range(count)] if len(kept) >= 2 else []
        new = [each for each in dict.fromkeys(made) if each not in known]
        new = new or [tuple(each) for each in moving.anew(count).tolist()]
        known.update(new)
        born = np.array(new, np.int64)
        kept, rewards = np.concatenate([kept, born]), np.concatenate([rewards, run(born)])
        order = np.argsort(-rewards, kind="stable")[:parents]
        kept, rewards = kept[order], rewards[order]
    return run.found()


class _Moves:
    """Children of policies, drawn by a generator."""

    def __init__(self, space: Space, generator: np.random.Generator, local: float, moves: float) -> None:
        self._space, self._generator, self._local = space, generator, local
        self._share = min(1.0, moves / space.length)
        self._operations = space.operation_of()
        self._magnitudes = np.zeros(space.variants, np.int64)
        self._magnitudes[space.table[:, ::-1]] = np.arange(space.table.shape[1])[::-1]

    def anew(self, count: int) -> Policies:
        """(count, n) policies, drawn evenly."""
        shape = (count, self._space.length)
        return np.sort(self._generator.integers(0, self._space.variants, shape), axis=1)

    def child(self, kept: Policies) -> tuple[int, ...]:
        """A policy of two parents' variants, some of them moved; the better a parent, the likelier it is.

        Half of the children have one parent alone, and are its neighbours.
        """
        draw, length = self._generator, self._space.length
        first, second = draw.integers(0, len(kept), (2, 2)).min(axis=0)
        own = kept[first].copy()
        if draw.random() < 0.5:
            own = np.concatenate([own, kept[second]])[draw.permutation(2 * length)[:length]]
        moved = draw.random(length) < self._share
        moved[draw.integers(length)] = True
        for place in np.flatnonzero(moved).tolist():
            own[place] = self._moved(int(own[place]))
        return tuple(sorted(own.tolist()))

    def _moved(self, variant: int) -> int:
        draw, table = self._generator, self._space.table
        if draw.random() >= self._local:
            return int(draw.integers(self._space.variants))
        step = int(self._magnitudes[variant]) + int(draw.choice((-1, 1)))
        return int(table[self._operations[variant], min(max(step, 0), table.shape[1] - 1)])
