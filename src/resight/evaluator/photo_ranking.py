"""One query's ranking in the numbers of a data set: all that scoring knows of a search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from resight.ranking import Match, Numbers
from resight.types import Vectors


@dataclass(frozen=True, eq=False)
class PhotoRanking:
    """`photos` (N,) int64, nearest first, each once, and `scores` (N,) float32.

    A photo's number is its place in `Dataset.photos`; distractors come behind those. `matches` are what
    geometry verified, by the photo; the `through` of a match is a photo's number, too.
    """

    photos: Numbers
    scores: Vectors
    matches: Mapping[int, Match] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.photos)
