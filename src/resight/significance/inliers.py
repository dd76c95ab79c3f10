"""How likely chance makes so many points agree: a geometric tail, from pairs of unrelated photos."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

START = 5  # agreeing points that are counted from; 4 fit any homography


@dataclass(frozen=True)
class Inliers:
    """Of the pairs `compared`, `reached` had START agreeing points or more, and `excess` above that in all.

    One pair and one point more than were seen are counted, so that a few pairs do not promise too much.
    """

    compared: int
    reached: int
    excess: int

    def chance(self, inliers: int, photos: int) -> float:
        """The probability that any of so many unrelated photos has this number of agreeing points or more."""
        share = (self.reached + 1) / (self.compared + 1)
        decay = (self.excess + 1) / (self.excess + self.reached + 2)
        alone = min(1.0, share * decay ** (inliers - START))
        return 1.0 if alone >= 1 else -math.expm1(photos * math.log1p(-alone))


def fit_inliers(counts: Iterable[int]) -> Inliers:
    """The number of agreeing points of each of many unrelated pairs, 0 for fewer than START."""
    listed = list(counts)
    above = [count - START for count in listed if count >= START]
    return Inliers(len(listed), len(above), sum(above))
