"""Triplets of a phase: photos are described as they are now, and a method of `mining` chooses among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from resight import methods
from resight.trainer.pictures import Numbers, Photos, Shot
from resight.trainer.plan import Phase

Describe = Callable[[Numbers], NDArray[np.float32]]


def mined(photos: Photos, phase: Phase, describe: Describe, seed: Sequence[int]) -> Numbers:
    """(T, 3) numbers of photos: query, matching, non-matching, of a pool that is drawn by the seed."""
    generator = np.random.default_rng(list(seed))
    numbers = np.arange(len(photos))
    if 0 < phase.pool < len(photos):
        numbers = np.sort(_of_whole_classes(photos, phase.pool, generator))
    classes = np.unique(photos.classes[numbers], return_inverse=True)[1]
    found = methods.find("mining", phase.mining)(describe(numbers), classes, generator)
    triplets = numbers[found].reshape(-1, 3)
    most = phase.mine_every * phase.batch
    kept: Numbers = triplets[:most] if most else triplets
    return kept


def batches_of(triplets: Numbers, batch: int, seed: Sequence[int]) -> Iterator[list[Shot]]:
    """Triplets, so many at a time -> their pictures, three of each in a row."""
    for first in range(0, len(triplets), batch):
        yield [
            Shot(int(photo), (*seed, first + row, place))
            for row, triplet in enumerate(triplets[first : first + batch])
            for place, photo in enumerate(triplet)
        ]


def _of_whole_classes(photos: Photos, count: int, generator: np.random.Generator) -> Numbers:
    """At least `count` photos, class by class in a drawn order: a query's matching photos are among them."""
    members = [own for own in photos.members() if len(own) > 1]
    chosen: list[Numbers] = []
    total = 0
    for number in generator.permutation(len(members)):
        chosen.append(members[number])
        total += len(members[number])
        if total >= count:
            break
    return np.concatenate(chosen)
