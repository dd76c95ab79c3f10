"""Which photos are tuned on, and the pairs that are near and far. Tursun et al., ICIP 2020, section 3.1."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resight.dataset import Dataset
from resight.errors import BadData
from resight.pairs import Numbers, matching, non_matching

ALIKE, APART = 3237, 4051  # pairs at most; as many as the paper made of its 317 groups


@dataclass(frozen=True, eq=False)
class Groups:
    """Photos of a data set by their numbers (N,), and the group of each (N,)."""

    photos: Numbers
    groups: Numbers

    @classmethod
    def of(cls, data: Dataset) -> Groups:
        """All photos whose instance another photo shows; raises BadData for fewer than two groups.

        Photos of no instance and instances of one photo are left out: they would be in no pair that is alike.
        """
        if data.labels is None:
            raise BadData(f"The data set {data.name} has no groups: tune on a folder of them, or a CSV.")
        labels = np.array(data.labels)
        _, group, counts = np.unique(labels, return_inverse=True, return_counts=True)
        photos = np.flatnonzero((labels != "") & (counts[group] > 1))
        if len(np.unique(group[photos])) < 2:
            raise BadData(
                f"The data set {data.name} needs two groups of two photos each at least, to learn what is "
                "alike and what is not."
            )
        return cls(photos, np.unique(group[photos], return_inverse=True)[1].astype(np.int64))

    @property
    def count(self) -> int:
        """How many groups there are."""
        return int(self.groups.max()) + 1


def pairs_of(
    groups: Numbers, seed: int, alike: int = ALIKE, apart: int = APART
) -> tuple[Numbers, NDArray[np.bool_]]:
    """(N,) groups -> pairs (2, P) of places, and (P,) whether they are alike.

    All pairs within groups, or `alike` of them drawn by the seed; then pairs across groups, drawn too:
    `apart` to `alike` as many, rounded up, so that few photos have the balance of many.
    """
    labels, draw = groups.astype(str), np.random.default_rng([seed, 0])
    near = matching(labels, alike, draw)
    far = non_matching(labels, min(apart, math.ceil(len(near[0]) * apart / alike)), draw)
    pairs = np.concatenate([np.stack(near), np.stack(far)], axis=1)
    return pairs, np.arange(pairs.shape[1]) < len(near[0])
