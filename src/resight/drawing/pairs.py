"""Pairs of photos in lines: the two of a pair side by side, with their distance between them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from resight.drawing.canvas import RULE, SMALL, TEXT, plain, shorten_to
from resight.drawing.layout import MARGIN, WIDTH, Paper

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BETWEEN, APART, LARGEST = 0.5, 0.35, 2.6  # inches: within a pair, from pair to pair, the side of a photo
TITLE, NAME, AFTER = 0.26, 0.34, 0.12  # inches: above the lines, below a photo, below a line
KEY = "the number between two photos is the Euclidean distance of their descriptors"


def side(per: int) -> float:
    """Of the square that a photo has, in inches, where a line holds so many pairs."""
    return min(LARGEST, ((WIDTH - 2 * MARGIN) / per - BETWEEN - APART) / 2)


def high(count: int, per: int) -> float:
    """Inches that so many pairs take with their title."""
    return TITLE + math.ceil(count / per) * (side(per) + NAME + AFTER)


def place_pairs(
    drawn: Paper, top: float, per: int, title: str, distances: Sequence[float]
) -> Iterator[tuple[Axes, Axes]]:
    """The axes of each pair, below a title, so many in a line; each pair's number stands between."""
    drawn.write(MARGIN, top, title)
    size = side(per)
    for i, distance in enumerate(distances):
        left = MARGIN + i % per * (2 * size + BETWEEN + APART)
        upper = top + TITLE + i // per * (size + NAME + AFTER)
        pair = drawn.axes(left, upper, size, size), drawn.axes(left + size + BETWEEN, upper, size, size)
        for axes, anchor in zip(pair, ("SE", "SW"), strict=True):
            axes.set_anchor(anchor)  # towards each other, whatever their shapes
        box = {"facecolor": "white", "edgecolor": RULE, "pad": 2.5, "linewidth": 0.8}
        middle = left + size + BETWEEN / 2
        drawn.write(middle, upper + 0.6 * size, f"{distance:.2f}", ha="center", va="center", bbox=box)
        yield pair


def name_below(axes: Axes, photo: str, per: int) -> None:
    """As much of a photo's folder, and of its own name below it, as fits."""
    lines = [shorten_to(part, side(per) + BETWEEN / 2, SMALL) for part in photo.rsplit("/", 1)]
    axes.set_xlabel(plain("\n".join(lines)), fontsize=SMALL, color=TEXT, labelpad=3.5)
