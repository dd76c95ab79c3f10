"""What a model is shown: pictures of things, drawn in an order that a seed says, made in threads.

Everything random follows from the seed and the place in the run, so that a run that goes on after it was
killed sees what it would have seen.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight.processors import processors
from resight.trainer.plan import Phase

Pixels = NDArray[np.uint8]
Numbers = NDArray[np.int64]

AHEAD = 3  # batches that are made while the network works elsewhere, on a GPU


@dataclass(frozen=True, eq=False)
class Photos:
    """Photos that are trained on; `classes` (N,): equal numbers show the same thing."""

    root: Path
    paths: tuple[str, ...]
    classes: Numbers

    def __len__(self) -> int:
        return len(self.paths)

    def members(self) -> list[Numbers]:
        """The photos of each class."""
        order = np.argsort(self.classes, kind="stable")
        return np.split(order, np.cumsum(np.bincount(self.classes))[:-1])


@dataclass(frozen=True)
class Shot:
    """One picture of a batch: which photo, and the seed of its synthetic view; () is the photo as it is."""

    photo: int
    seed: tuple[int, ...]


def batches(photos: Photos, phase: Phase, seed: Sequence[int]) -> Iterator[list[Shot]]:
    """All photos once, in an order by the seed: batches of things, of each so many pictures.

    Beside a photo stand others of its class, drawn, for a share of `mates`; the rest, and all where there are
    no others, are views of the photo itself. A last batch with less than half of its things is left out,
    unless it is the only one.
    """
    members = photos.members()
    order = np.random.default_rng([*seed, 0]).permutation(len(photos))
    for first in range(0, len(order), phase.batch):
        things = order[first : first + phase.batch]
        if first and len(things) < phase.batch / 2:
            return
        shots = []
        for thing in things.tolist():
            draw = np.random.default_rng([*seed, 1, thing])
            others = members[photos.classes[thing]]
            others = draw.permutation(others[others != thing])
            shown = [thing, *[thing] * (phase.each - 1)]
            for number, other in zip(range(1, phase.each), others.tolist(), strict=False):
                if draw.random() < phase.mates:
                    shown[number] = other
            shots += [Shot(photo, (*seed, 2, thing, number)) for number, photo in enumerate(shown)]
        yield shots


def made(
    show: Callable[[Shot], NDArray[Any]], wanted: Iterable[list[Shot]], ahead: int = AHEAD, workers: int = 0
) -> Iterator[tuple[list[Shot], NDArray[Any]]]:
    """Batches of shots -> each with what they show (B, ...); one is given when `ahead` of them are begun.

    With 1 nothing is made while a batch is worked on. That is best on a CPU: a network's threads wait for
    each other at every layer, and one that has lost its core for a picture stops all.
    """
    waiting: deque[_Batch] = deque()
    workers = workers or processors()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for shots in wanted:
                waiting.append(_Batch(pool, show, shots, workers))
                if len(waiting) >= ahead:
                    yield waiting.popleft().taken()
            while waiting:
                yield waiting.popleft().taken()
        finally:
            for batch in waiting:
                batch.stop()


class _Batch:
    """Shots that are being made: each thread takes the next one that is left.

    One future a shot would wake the thread that waits at every shot, in the midst of those that work.
    """

    def __init__(
        self, pool: ThreadPoolExecutor, show: Callable[[Shot], NDArray[Any]], shots: list[Shot], workers: int
    ) -> None:
        self._show, self._shots, self._stopped = show, shots, False
        self._left = iter(range(len(shots)))  # threads may share it, as they may not share a generator
        self._made: dict[int, NDArray[Any]] = {}
        self._workers = [pool.submit(self._work) for _ in range(min(workers, len(shots)))]

    def _work(self) -> None:
        for number in self._left:
            if self._stopped:
                return
            self._made[number] = self._show(self._shots[number])

    def taken(self) -> tuple[list[Shot], NDArray[Any]]:
        """The shots and what they show, when all are made; raises what a thread raised."""
        try:
            for worker in self._workers:
                worker.result()
        finally:
            self.stop()
        if not self._shots:
            return self._shots, np.empty((0, 1), np.uint8)
        return self._shots, np.stack([self._made[number] for number in range(len(self._shots))])

    def stop(self) -> None:
        """Begin no other shot."""
        self._stopped = True


def steps_of(phase: Phase, photos: Photos, count: int = 1) -> int:
    """Steps of the optimiser in a phase; 0 where mining decides."""
    if phase.steps or phase.mining:
        return phase.steps
    together = phase.accumulate * count
    batches = max(1, round(len(photos) / phase.batch))
    return phase.epochs * -(-batches // together)
