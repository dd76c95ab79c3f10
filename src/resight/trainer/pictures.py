"""What a model is shown: pictures of things, drawn in an order that a seed says, made in threads.

Everything random follows from the seed and the place in the run, so that a run that goes on after it was
killed sees what it would have seen.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resight import images
from resight.errors import BadImage, BadPlan
from resight.processors import processors
from resight.trainer.plan import Phase
from resight.variations import varied

Pixels = NDArray[np.uint8]
Numbers = NDArray[np.int64]

LARGER = 1.25  # a photo's sides before it is warped, in those of its picture: a warp may look into a part
AHEAD = 3  # batches that are made before they are asked for


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
    """One picture of a batch: which photo, and the seed of its synthetic view."""

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


class Maker:
    """Makes pictures of one shape by transforms; safe to call from several threads."""

    def __init__(self, photos: Photos, shape: tuple[int, int], transforms: Sequence[str]) -> None:
        self.photos, self.shape, self.transforms = photos, shape, tuple(transforms)

    def __call__(self, shot: Shot) -> Pixels:
        """A picture (H, W, 3); of a photo that cannot be read, one of the next that can be."""
        height, width = self.shape
        larger = (math.ceil(height * LARGER), math.ceil(width * LARGER)) if self.transforms else self.shape
        pixels = self._read(shot.photo, larger)

        def another() -> Pixels:
            drawn = np.random.default_rng([*shot.seed, 1]).integers(len(self.photos))
            return self._read(int(drawn), larger)

        found = varied(pixels, (*shot.seed, 0), self.transforms, another)
        return images.resize(found, width, height)

    def _read(self, photo: int, shape: tuple[int, int]) -> Pixels:
        height, width = shape
        for number in range(photo, photo + len(self.photos)):
            path = self.photos.root / self.photos.paths[number % len(self.photos)]
            try:
                read = images.read(path, enough=lambda *_: (width, height))
            except (BadImage, OSError):
                continue
            return images.resize(read.pixels, width, height)
        raise BadPlan("None of the photos can be read, so there is nothing to train on.")


def made(
    maker: Callable[[Shot], Pixels], wanted: Iterable[list[Shot]], workers: int = 0
) -> Iterator[tuple[list[Shot], Pixels]]:
    """Batches of shots -> each with its pictures (B, H, W, 3), a few batches ahead."""
    waiting: deque[tuple[list[Shot], list[Future[Pixels]]]] = deque()

    def taken() -> tuple[list[Shot], Pixels]:
        shots, futures = waiting.popleft()
        pictures = [future.result() for future in futures]
        return shots, np.stack(pictures) if pictures else np.empty((0, 0, 0, 3), np.uint8)

    with ThreadPoolExecutor(workers or processors()) as pool:
        try:
            for shots in wanted:
                waiting.append((shots, [pool.submit(maker, shot) for shot in shots]))
                if len(waiting) >= AHEAD:
                    yield taken()
            while waiting:
                yield taken()
        finally:
            for _, futures in waiting:
                for future in futures:
                    future.cancel()
