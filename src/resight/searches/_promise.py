"""What searches are given, what they give, and how they count what they scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resight.progress import Progress, Stopped

Policies = NDArray[np.int64]
Rewards = NDArray[np.float64]
Score = Callable[[Policies], Rewards]
"""(P, n) numbers of variants -> (P,) rewards, the higher the better."""

KEPT = 100  # of the best policies; those whose operations the paper counts (figure 4)
TOLD = 10  # times at most in a search that the best reward so far is told


@dataclass(frozen=True, eq=False)
class Space:
    """All policies of `length` variants. `table` (O, M): the variant of each operation at each magnitude.

    An operation that ignores its magnitude has one variant, which stands at all magnitudes.
    """

    length: int
    table: NDArray[np.int64]

    @classmethod
    def of(cls, variants: Sequence[str], length: int, magnitudes: int = 10) -> Space:
        """The space of such variants, as "rotate:magnitude=3", in the order of their magnitudes."""
        rows: dict[str, list[int]] = {}
        for number, text in enumerate(variants):
            rows.setdefault(text.partition(":")[0], []).append(number)
        table = [row if len(row) == magnitudes else [row[0]] * magnitudes for row in rows.values()]
        return cls(length, np.array(table, np.int64))

    @property
    def variants(self) -> int:
        """How many variants there are."""
        return int(self.table.max()) + 1

    def operation_of(self) -> NDArray[np.int64]:
        """(V,) the operation of each variant."""
        found = np.zeros(self.variants, np.int64)
        found[self.table] = np.arange(len(self.table))[:, None]
        return found


@dataclass(frozen=True, eq=False)
class Found:
    """The best policies (K, n) with their rewards (K,), the best first; how many were scored.

    `course` are pairs of how many were scored and the best reward by then, wherever it rose.
    """

    policies: tuple[tuple[int, ...], ...]
    rewards: tuple[float, ...]
    scored: int
    course: tuple[tuple[int, float], ...]


class Ledger:
    """A score that counts what it scored, keeps the best, and tells the progress."""

    def __init__(self, score: Score, budget: int, progress: Progress, what: str) -> None:
        self._score, self._budget, self._progress = score, budget, progress
        self._best: dict[tuple[int, ...], float] = {}
        self._course: list[tuple[int, float]] = []
        self._told, self.scored = 0, 0
        progress.start(f"Scoring policies by {what}", budget)

    @property
    def left(self) -> int:
        """How many policies may still be scored."""
        return self._budget - self.scored

    def __call__(self, policies: Policies) -> Rewards:
        """(P, n) -> (P,), or fewer where no more may be scored; raises Stopped."""
        if self._progress.stopping():
            raise Stopped
        policies = policies[: self.left]
        rewards = self._score(policies)
        for place in np.argsort(-rewards, kind="stable")[:KEPT].tolist():
            self._best.setdefault(tuple(sorted(policies[place].tolist())), float(rewards[place]))
        best = sorted(self._best.items(), key=lambda one: (-one[1], one[0]))[:KEPT]
        self._best = dict(best)
        self.scored += len(policies)
        for _ in range(len(policies)):
            self._progress.step()
        self._tell()
        return rewards

    def _tell(self) -> None:
        if not self._best:
            return
        best = next(iter(self._best.values()))
        if not self._course or best > self._course[-1][1]:
            self._course.append((self.scored, best))
            if self.scored * TOLD >= self._told * self._budget:
                self._progress.say(f"Best reward of {self.scored} policies: {best:.5f}")
                self._told = self.scored * TOLD // self._budget + 1

    def found(self) -> Found:
        """What the search came to."""
        return Found(tuple(self._best), tuple(self._best.values()), self.scored, tuple(self._course))
