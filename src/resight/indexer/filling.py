"""The one loop by which a generation, once begun, gets what it lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from resight.gallery import Writer
from resight.progress import Progress

Photo = TypeVar("Photo")

COMMIT_EVERY = 10_000  # photos, so that memory stays flat


def filled(
    writer: Writer, photos: Iterable[Photo], put: Callable[[Photo], None], progress: Progress, every: int
) -> bool:
    """Put each photo into a generation, and commit after `every` so many; false if an end was asked for."""
    for done, photo in enumerate(photos, 1):
        put(photo)
        progress.step()
        if done % every == 0:
            writer.commit()
        if progress.stopping():
            return False
    return True
