"""Which photos are of one class, and pairs of a query and a matching photo that are drawn from them."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


class Members:
    """Photos by class: in `order` (N,) those of one stand side by side, `counts` of them from `begins` on."""

    def __init__(self, classes: NDArray[np.integer]) -> None:
        self.order: Numbers = np.argsort(classes, kind="stable").astype(np.int64)
        by_class = classes[self.order]
        self.begins: Numbers = np.searchsorted(by_class, classes, "left")
        self.counts: Numbers = np.searchsorted(by_class, classes, "right") - self.begins

    def of(self, photo: int) -> Numbers:
        """The photos of a photo's class, itself among them, by number."""
        return self.order[self.begins[photo] : self.begins[photo] + self.counts[photo]]

    @functools.cached_property
    def places(self) -> Numbers:
        """(N,): where each photo stands in `order`."""
        places = np.empty_like(self.order)
        places[self.order] = np.arange(len(places))
        return places

    @property
    def asking(self) -> Numbers:
        """Photos that have a matching one and a non-matching one."""
        return np.flatnonzero((self.counts > 1) & (self.counts < len(self.counts)))

    def pairs(self, count: int, generator: np.random.Generator) -> tuple[Numbers, Numbers]:
        """Queries (T,) and a matching photo of each (T,): `count` distinct pairs, or 0: one pair a query.

        All photos that can ask are queries, in a drawn order; then, while pairs are wanted, once more with
        another matching photo. There are fewer than `count` where there are no more pairs.
        """
        asking = generator.permutation(self.asking)
        others = self.counts[asking] - 1
        start, taken = generator.integers(0, others), [np.empty((2, 0), np.int64)]
        wanted, turn = count or len(asking), 0
        while wanted and len(asking):
            first = asking[:wanted]
            # Counted from the query itself, so that 1 is its next neighbour and it is never its own.
            away = 1 + (start[:wanted] + turn) % others[:wanted]
            begins = self.begins[first]
            matching = self.order[begins + (self.places[first] - begins + away) % self.counts[first]]
            taken.append(np.stack([first, matching]))
            wanted, turn = wanted - len(first), turn + 1
            left = others > turn
            asking, others, start = asking[left], others[left], start[left]
        queries, matching = np.concatenate(taken, axis=1)
        return queries, matching

    def strangers(self, queries: Numbers, generator: np.random.Generator) -> Numbers:
        """(T,) -> (T,): a photo of another class for each, all equally likely."""
        counts = self.counts[queries]
        drawn = generator.integers(0, len(self.order) - counts)
        found: Numbers = self.order[(self.begins[queries] + counts + drawn) % len(self.order)]
        return found
