"""What a training run did, as a value."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Trained:
    """What a run did: its folder, the recipe's file, steps, pictures and seconds, measures of held photos.

    `before` and `after` are of the recipe that it began with and of the one it left, as anybody would use
    them; empty where no photos were held out.
    """

    folder: Path
    recipe: Path
    steps: int
    pictures: int
    seconds: float
    held: str = ""
    before: dict[str, float] = field(default_factory=dict)
    after: dict[str, float] = field(default_factory=dict)
