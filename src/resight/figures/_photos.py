"""Work on many photos as a figure does it: by all cores, watched, and ended when it is asked to end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np

from resight.errors import BadImage
from resight.evaluator import Study
from resight.processors import processors
from resight.progress import Progress, Silent, Stopped
from resight.workers.threads import in_order

Result = TypeVar("Result")


def for_each_photo(
    study: Study, what: str, work: Callable[[int], Result], numbers: Sequence[int]
) -> Iterator[tuple[int, Result]]:
    """Number and result of each photo, in their order, as they come; those that cannot be read are left out.

    Raises Stopped.
    """
    progress: Progress = study.options.get("progress") or Silent()
    workers = study.options.get("workers") or processors()

    def one(number: int) -> tuple[int, Result] | None:
        try:
            return number, work(number)
        except BadImage:
            return None

    lost = 0
    progress.start(what, len(numbers))
    for result in in_order(one, numbers, workers, progress.stopping):
        if result is None:
            lost += 1
        else:
            yield result
        progress.step(lost)
    if progress.stopping():
        raise Stopped


def sample_photos(study: Study, most: int, seed: int) -> tuple[list[int], list[str]]:
    """Numbers of photos, ascending: all, or `most` of them by `seed`, and a note that says so."""
    total = len(study.data.photos)
    if total <= most:
        return list(range(total)), []
    chosen = np.random.default_rng(seed).choice(total, most, replace=False)
    return np.sort(chosen).tolist(), [f"{most} of {total} photos, drawn at random"]
