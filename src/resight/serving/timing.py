"""How long each stage of a request took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Timing:
    """Milliseconds by stage; a stage that is entered twice is counted together."""

    def __init__(self) -> None:
        self.took: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """What is done inside belongs to this stage."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.took[stage] = self.took.get(stage, 0.0) + 1000 * (time.perf_counter() - begun)

    def rounded(self) -> dict[str, float]:
        """To a hundredth of a millisecond, as an answer tells it."""
        return {stage: round(took, 2) for stage, took in self.took.items()}
