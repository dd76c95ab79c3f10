"""A data set as the evaluator takes it: photos, queries, what each should find, and how that is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resight.types import Box

Numbers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Truth:
    """What a query should find: numbers of photos that are right, and of those that do not count (junk)."""

    positive: Numbers
    junk: Numbers = field(default_factory=lambda: np.empty(0, np.int64))


@dataclass(frozen=True, eq=False)
class BenchmarkQuery:
    """A query of a data set: the number of its photo, the part that is cropped out, and its truth.

    `box` is in pixels of the upright photo, None for all of it. `truths` by protocol: one named "" where a
    set has one only, else as "easy", "medium", "hard".
    """

    photo: int
    truths: Mapping[str, Truth]
    box: Box | None = None
    name: str = ""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Photos with truth, and the protocol that a result must name.

    `photos` are paths relative to `root`; a photo's number is its place. `database`: the numbers of those
    that are ranked (a photo that is only a query is not). `measures`: names of `resight.metrics`, the first
    being the one the set is known for. `keeps_query`: whether a query's own photo stays in its ranking.
    `turns`: degrees clockwise that a photo must be turned by, by its path. `caveats`: what is not as the
    protocol wants it, in words; printed with every result.
    """

    name: str
    root: Path
    photos: tuple[str, ...]
    database: Numbers
    questions: tuple[BenchmarkQuery, ...]
    measures: tuple[str, ...]
    protocol: str
    keeps_query: bool = False
    turns: Mapping[str, int] = field(default_factory=dict)
    caveats: tuple[str, ...] = ()
    labels: tuple[str, ...] | None = None  # the instance of each photo, "" for none, where a set has classes
    different: tuple[tuple[str, str], ...] = ()  # labels of instances that somebody marked as different
