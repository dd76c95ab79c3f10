"""What one stage of `index` did, as a value: stages are added up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Counts:
    """Of one stage: photos described, files that failed, photos whose local features were stored.

    `recognised`: files of each image that was known already. `warnings`: how many of the described photos
    carry each. `fitted`: what the recipe was fitted on, if it was. `interrupted`: an end was asked for.
    `left`: files that others are to describe.
    """

    described: int = 0
    failed: int = 0
    local_features: int = 0
    recognised: Counter[int] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    fitted: str = ""
    interrupted: bool = False
    left: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.described + other.described,
            self.failed + other.failed,
            self.local_features + other.local_features,
            self.recognised + other.recognised,
            self.warnings + other.warnings,
            other.fitted or self.fitted,
            self.interrupted or other.interrupted,
            self.left + other.left,
        )
