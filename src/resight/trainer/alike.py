"""Copies among the photos, found before training: without labels, two copies are no two things."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resight import images
from resight.errors import BadImage
from resight.pairs import connected
from resight.processors import processors
from resight.progress import Progress, Stopped
from resight.trainer.pictures import Numbers, Photos
from resight.workers.threads import in_order

SIDE = 16  # pixels of a thumbnail
ALIKE = 0.95  # correlation of thumbnails: copies at a third of the side have 0.96, others 0.64 at most
BLOCK = 4096  # thumbnails that are compared at once
MOST = 50_000  # photos that are all compared; of more, only those with equal signs


def group_copies(photos: Photos, progress: Progress) -> Numbers:
    """(N,) classes: copies have one, such as other sizes, compressions and lights; a photo alone its own."""
    progress.start("Looking for copies", len(photos))

    def thumbnail(path: str) -> NDArray[np.float32] | None:
        try:
            found = images.read(photos.root / path, enough=lambda *_: (2 * SIDE, 2 * SIDE)).pixels
        except (BadImage, OSError):
            return None
        values = images.resize(found, SIDE, SIDE).astype(np.float32).reshape(-1)
        values -= values.mean()
        length = float(np.linalg.norm(values))
        return values / length if length > 1 else None

    rows = np.zeros((len(photos), 3 * SIDE * SIDE), np.float32)
    for number, row in enumerate(in_order(thumbnail, photos.paths, processors(), progress.stopping)):
        if row is not None:
            rows[number] = row
        progress.step()
    if progress.stopping():
        raise Stopped
    return connected(*_pairs(rows), len(rows))


def _pairs(rows: NDArray[np.float32]) -> tuple[Numbers, Numbers]:
    """Pairs of rows that are nearly the same."""
    order = np.arange(len(rows))
    reach = len(rows)
    if len(rows) > MOST:  # by the signs of a few sums, which copies mostly share
        turned = rows @ np.random.default_rng(0).standard_normal((rows.shape[1], 24), np.float32)
        order = np.argsort((turned > 0) @ (1 << np.arange(24)), kind="stable")
        reach = BLOCK
    found: list[tuple[Numbers, Numbers]] = []
    for begin in range(0, len(rows), BLOCK):
        here = order[begin : begin + BLOCK]
        for other in range(begin, min(len(rows), begin + reach + 1), BLOCK):
            there = order[other : other + BLOCK]
            one, two = np.nonzero(rows[here] @ rows[there].T >= ALIKE)
            found.append((here[one], there[two]))
    return np.concatenate([one for one, _ in found]), np.concatenate([two for _, two in found])
