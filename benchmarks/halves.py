"""Which half of the instances settings are chosen on; the other half tells what they are worth.

Rows of results that were measured before there was one rule have the other one, `last byte even`, in their
column `half`: by it the settings of `geometry` but its ratio, and what is in choice.csv, were chosen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

HALF = "first byte even"  # of the SHA-256 of an instance's name: those on which settings are chosen


def is_chosen_on(instance: str) -> bool:
    """Whether settings are chosen on this instance."""
    return hashlib.sha256(instance.encode()).digest()[0] % 2 == 0


def split_mean(values: Sequence[float], instances: Sequence[str]) -> tuple[float, float]:
    """The mean of the values of queries, by their instances: of the choosing half, and of the other.

    NaN for a half without a query.
    """
    chosen = np.array([is_chosen_on(instance) for instance in instances], np.bool_)
    found = np.asarray(values, np.float64)
    first, other = (
        float(part.mean()) if len(part) else float("nan") for part in (found[chosen], found[~chosen])
    )
    return first, other
