"""Which sizes of images a network takes: found by trying, since what libraries state is not so."""

from __future__ import annotations

import bisect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from resight.errors import BadRecipe

if TYPE_CHECKING:
    import torch

# Halved again and again, 127 and 511 stay odd where halves are rounded down, 129 and 513 where they are
# rounded up. So a network whose branches round differently fails at one of them.
PAIRS = ((127, 129), (511, 513))
MULTIPLES = (2, 4, 8, 14, 16, 28, 32, 56, 64, 112, 128, 224, 256)
USUAL = 224


@dataclass(frozen=True)
class Sizes:
    """The least side in pixels; what sides are padded to a multiple of; the one size, or 0 for many."""

    smallest: int
    multiple: int = 1
    only: int = 0


def sizes(model: torch.nn.Module, runs: Callable[[int, int], bool], network: str) -> Sizes:
    """The sizes a network takes: any, else any once padded to the least multiple, else its own alone.

    `runs` says whether it takes an image of a height and a width.
    """
    for less, more in PAIRS:
        if runs(less, more) and runs(more, less):
            return Sizes(_least(lambda side: runs(side, side), less))
    own = stated(model)
    for multiple in sorted({*MULTIPLES, own}):
        steps = -(-PAIRS[0][0] // multiple)
        shapes = [(steps, steps + 1), (steps + 1, steps), (steps + 2, steps + 1)]
        if all(runs(down * multiple, across * multiple) for down, across in shapes):
            needed = _least(lambda step, by=multiple: runs(step * by, step * by), steps)  # type: ignore[misc]
            return Sizes((needed - 1) * multiple + 1, multiple)
    if runs(own, own):
        return Sizes(own, only=own)
    raise BadRecipe(f"{network} takes none of the sizes of images tried, nor {own} x {own} pixels, its own.")


def stated(model: torch.nn.Module) -> int:
    """The side in pixels that the library gives for a network's images."""
    about = getattr(model, "default_cfg", None) or {}
    return int(about.get("input_size", (3, 0, 0))[1] or getattr(model, "image_size", USUAL))


def _least(taken: Callable[[int], bool], enough: int) -> int:
    """The least that is taken, between 1 and one that is."""
    least = range(1, enough + 1)
    return least[bisect.bisect_left(least, True, key=taken)]
