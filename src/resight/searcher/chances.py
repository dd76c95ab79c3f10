"""What the hits of one query are worth: how likely chance alone puts a photo so high."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from resight.errors import BadQuery
from resight.methods import Method
from resight.ranking import Query, Ranked
from resight.searcher.collection import Collection
from resight.searcher.unrelated import RULE, inliers_by_chance
from resight.significance import tail
from resight.significance.largest import chance
from resight.types import Vectors

TINY = 1e-9  # below, 1 less itself is 1


def _verified(wanted: Sequence[Method]) -> int:
    """How many photos a re-ranker verifies by the rule that chance is known for; 0 for none."""
    rule = {"ratio": RULE.ratio, "threshold": RULE.threshold}
    for each in wanted:
        if "local_features" in each.needs and all(each.settings.get(key) == rule[key] for key in rule):
            return each.depth
    return 0


def depth(photos: Collection) -> int:
    """How many of the nearest photos tell how the scores of unrelated ones are distributed; 0 for too few."""
    return tail.depth(photos.size) if photos.size >= tail.FEWEST else 0


class Chances:
    """Of the hits of one query: `ranked` is what the search found, or what re-rankers made of it.

    Chance is told by `near`, the photos nearest to `told_by` (Q, D): the query, or that without background.
    Where one of the re-rankers, `wanted`, verifies photos, chance has two ways to bring a photo up, by its
    score and by its points: the better of both counts, and twice.
    """

    def __init__(
        self,
        query: Query,
        photos: Collection,
        told_by: Vectors,
        near: Ranked,
        ranked: Ranked,
        wanted: Sequence[Method] = (),
    ) -> None:
        self._photos, self._told_by, self._ranked = photos, told_by, ranked
        own = query.image is not None and bool(photos.allowed(np.array([query.image]))[0])
        others = near.without(np.array([query.image if own else -1]))
        self._tail = tail.fit_tail(others.scores, photos.size - own)
        self._verified = _verified(wanted) if self._tail else 0
        self._inliers = inliers_by_chance(photos) if self._verified else None
        self._scores = dict(zip(others.images.tolist(), others.scores.tolist(), strict=True))

    def of(self, image: int) -> float | None:
        """The false positives of an image; None where they cannot be told."""
        if self._tail is None:
            return None
        found = chance(self._tail, self._score(image))
        if self._inliers is None:
            return found
        match = self._ranked.matches.get(image)
        if match is not None:
            found = min(found, self._inliers.chance(match.inliers, self._verified))
        return 1 - (1 - found) ** 2 if found > TINY else 2 * found

    def at_most(self, most: float) -> Ranked:
        """The ranking without the hits that have more false positives; raises BadQuery if none are known."""
        if self._tail is None:
            raise BadQuery(
                f"False positives can be told among {tail.FEWEST} photos or more that differ, and "
                f"{self._photos.size} are searched: leave the limit out."
            )
        return self._ranked.without(
            np.array(
                [image for image in self._ranked.images.tolist() if (self.of(image) or 0.0) > most], np.int64
            )
        )

    def _score(self, image: int) -> float:
        """What a search gave an image, or would have given it: those of all hits are worked out at once."""
        if image not in self._scores:
            missing = [one for one in {image, *self._ranked.images.tolist()} if one not in self._scores]
            self._scores |= self._photos.similarities(missing, self._told_by)
        return float(self._scores[image])
