"""A photo made of the nearest patches of the others. Ng, Yang and Davis, 2015, figure 3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from resight.drawing.layout import MARGIN, WIDTH, paper
from resight.drawing.photos import show_photo
from resight.errors import BadQuery, BadSetting
from resight.evaluator import Study
from resight.figures._columns import References, Tap, columns, nearest, taps, warped
from resight.figures._lists import numbers
from resight.figures._patches import like, patch, place
from resight.figures._photos import sample_photos
from resight.figures._systems import check_at_least, note_unranked
from resight.images.photo import Pixels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LARGEST, SMALLEST, HIGHEST, GAP = 3.2, 1.5, 3.6, 0.15  # inches: a photo's width, its height, between photos
TITLE, WORDS, AFTER = 0.26, 0.24, 0.16  # inches: the layer, what each photo is, and the way to the next row


@dataclass(frozen=True)
class Mosaic:
    """A tap's reconstructions, one for each k."""

    title: str
    pixels: list[Pixels]


def correspondence(
    study: Study,
    *,
    photo: int = 0,
    k: str = "1+5",
    size: int = 224,
    layers: str = "",
    photos: int = 2000,
    seed: int = 0,
) -> Figure:
    """Each column's patch becomes the mean of those of its k nearest columns, of other photos, by L2.

    `photo` counts from 0; photos are warped to squares of `size` pixels. `layers` as `4a+5b+5b@448`, at a
    size of their own after @; by default those of each recipe. Of more than so many `photos` as many are
    drawn by `seed`, which is said.
    """
    if not 0 <= photo < len(study.data.photos):
        raise BadSetting(f"'photo' is a number from 0 to {len(study.data.photos) - 1}, not {photo}.")
    check_at_least("size", size, 1)
    check_at_least("photos", photos, 2)
    counts, (chosen, notes) = numbers("k", k), sample_photos(study, photos, seed)
    others = [number for number in chosen if number != photo]
    if not others:
        raise BadQuery("This figure needs a second photo, whose patches take the first one's place.")
    made = []
    for recipe in study.recipes:
        for tap in taps(recipe, layers, size):
            made.append(Mosaic(f"{recipe.name}, {tap.name}", _mosaics(study, tap, photo, others, counts)))
    told = (
        "each patch of the photo is replaced by the patch that the layer finds nearest to it in "
        f"{len(others)} other photos, or by the mean of several such"
    )
    return _sheet(study, photo, size, made, counts, [told, *notes, *note_unranked(study)])


def _mosaics(
    study: Study, tap: Tap, photo: int, others: Sequence[int], counts: Sequence[int]
) -> list[Pixels]:
    """The photo (size, size, 3) for each count, its cells filled with the mean of so many patches."""
    target = warped(study, photo, tap.size)[1]
    own, grid = columns(study, tap, target)
    wanted = References(own, np.full(len(own), photo), np.full(len(own), -1))
    near = nearest(study, tap, others, wanted, max(counts))
    sums = [np.zeros(target.shape, np.float64) for _ in counts]
    for number in np.unique(near.photos[near.photos >= 0]).tolist():
        pixels = warped(study, number, tap.size)[1]
        for cell, rank in zip(*np.nonzero(near.photos == number), strict=True):
            where = place(target, grid, int(cell))
            found = like(patch(pixels, grid, int(near.cells[cell, rank])), target[where])
            for total, count in zip(sums, counts, strict=True):
                if rank < count:
                    total[where] += found
    there = int((near.photos[0] >= 0).sum())
    if not there:
        raise BadQuery("No other photo can be read, so there are no patches to take.")
    return [
        np.rint(total / min(count, there)).astype(np.uint8) for total, count in zip(sums, counts, strict=True)
    ]


def _sheet(
    study: Study,
    photo: int,
    side: int,
    made: Sequence[Mosaic],
    counts: Sequence[int],
    notes: Sequence[str],
) -> Figure:
    """A row a layer: the photo, then what each count makes of it, all in the shape of the original."""
    original, pixels = warped(study, photo, side)
    size, across = (original.width, original.height), 1 + len(counts)
    wide = min(LARGEST, max(SMALLEST, (WIDTH - 2 * MARGIN) / across - GAP), HIGHEST * size[0] / size[1])
    high = wide * size[1] / size[0]
    step = TITLE + WORDS + high + AFTER
    words = ["the photo", *("the nearest" if count == 1 else f"mean of {count} nearest" for count in counts)]
    drawn = paper(
        f"{study.data.name}: what each layer takes for the same as {study.data.photos[photo]}",
        notes, step * len(made), max(7.0, 2 * MARGIN + across * (wide + GAP)),
    )  # fmt: skip
    for i, mosaic in enumerate(made):
        drawn.write(MARGIN, i * step, mosaic.title, weight="bold")
        for j, (word, shown) in enumerate(zip(words, [pixels, *mosaic.pixels], strict=True)):
            left, top = MARGIN + j * (wide + GAP), i * step + TITLE
            drawn.write(left, top, word)
            show_photo(drawn.axes(left, top + WORDS, wide, high), shown, size=size)
    return drawn.figure
