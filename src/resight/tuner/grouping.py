"""Which photos are tuned on, and the pairs that are near and far. Tursun et al., ICIP 2020, section 3.1."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from resight.dataset import Dataset
from resight.errors import BadData
from resight.pairs import Numbers, Pairs, matching, non_matching

ALIKE, APART = 3237, 4051  # pairs at most; as many as the paper made of its 317 groups
NOTHING = np.empty((2, 0), np.int64)


@dataclass(frozen=True, eq=False)
class Groups:
    """Photos of a data set by their numbers (N,), and the group of each (N,).

    `different` (2, C) are groups that somebody marked as different; without any, all groups are.
    """

    photos: Numbers
    groups: Numbers
    different: Numbers = field(default_factory=lambda: NOTHING)

    @classmethod
    def of(cls, data: Dataset) -> Groups:
        """All photos whose instance another photo shows, or is marked as different from another one.

        Other photos would be in no pair. Raises BadData where there are too few for a pair of each kind.
        """
        if data.labels is None:
            raise BadData(
                f"The data set {data.name} has no groups: tune on a folder of them, or a CSV of "
                "instances or of marks."
            )
        labels = np.array(data.labels)
        names, group, counts = np.unique(labels, return_inverse=True, return_counts=True)
        numbers = {name: number for number, name in enumerate(names.tolist())}
        marked = np.array([[numbers[each] for each in pair] for pair in data.different], np.int64).reshape(
            -1, 2
        )
        used = (counts[group] > 1) | np.isin(group, marked)
        photos = np.flatnonzero((labels != "") & used)
        kept, groups = np.unique(group[photos], return_inverse=True)
        if not (counts[kept] > 1).any() or len(kept) < 2 or not (data.different or (counts[kept] > 1).all()):
            raise BadData(
                f"The data set {data.name} needs two groups of two photos each at least, to learn what is "
                "alike and what is not."
            )
        return cls(photos, groups.astype(np.int64), np.searchsorted(kept, np.unique(marked, axis=0).T))

    @property
    def count(self) -> int:
        """How many groups there are."""
        return int(self.groups.max()) + 1


def pairs_of(
    groups: Numbers, seed: int, alike: int = ALIKE, apart: int = APART, different: Numbers = NOTHING
) -> tuple[Numbers, NDArray[np.bool_]]:
    """(N,) groups -> pairs (2, P) of places, and (P,) whether they are alike.

    All pairs within groups, or `alike` of them drawn by the seed; then pairs across groups, drawn too:
    `apart` to `alike` as many, rounded up, so that few photos have the balance of many. With groups that are
    `different` (2, C), only pairs across these: of two others nobody said that they differ.
    """
    labels, draw = groups.astype(str), np.random.default_rng([seed, 0])
    near = matching(labels, alike, draw)
    most = min(apart, math.ceil(len(near[0]) * apart / alike))
    far = _across(groups, different, most, draw) if different.size else non_matching(labels, most, draw)
    pairs = np.concatenate([np.stack(near), np.stack(far)], axis=1)
    return pairs, np.arange(pairs.shape[1]) < len(near[0])


def _across(groups: Numbers, different: Numbers, most: int, draw: np.random.Generator) -> Pairs:
    """Places (P,) and (P,) of photos of groups that differ: all pairs, or `most` of them."""
    found = [np.empty((2, 0), np.int64)]
    for one, other in different.T:
        across = np.meshgrid(np.flatnonzero(groups == one), np.flatnonzero(groups == other), indexing="ij")
        found.append(np.stack(across).reshape(2, -1))
    pairs = np.concatenate(found, axis=1)
    if pairs.shape[1] > most:
        pairs = pairs[:, np.sort(draw.choice(pairs.shape[1], most, replace=False))]
    return pairs[0], pairs[1]
