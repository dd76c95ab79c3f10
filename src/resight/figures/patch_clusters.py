"""Patches and their nearest of the whole collection, by layer. Ng, Yang and Davis, 2015, figure 4."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resight.drawing.layout import MARGIN, WIDTH, paper
from resight.drawing.tiles import Cluster, draw_clusters, step
from resight.errors import BadQuery
from resight.evaluator import Study
from resight.figures._columns import Nearest, References, Tap, columns, nearest, taps, warped
from resight.figures._patches import Grid, patch
from resight.figures._photos import for_each_photo, sample_photos
from resight.figures._systems import check_at_least, note_unranked
from resight.images.photo import Pixels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SMALLEST, TITLE = 0.5, 0.3  # inches: the place of a patch is no less; the layer above its rows


def patch_clusters(
    study: Study,
    *,
    rows: int = 6,
    columns: int = 10,
    size: int = 224,
    layers: str = "",
    photos: int = 2000,
    seed: int = 0,
    own: bool = False,
) -> Figure:
    """A row a reference, drawn by `seed`, in blue; then its nearest patches by L2 of unit columns.

    So many `rows` and `columns`. Patches of the reference's own photo are left out, because in deep layers
    the nearest are the cells beside it; with `own` the reference alone is left out. Photos are warped to
    squares of `size` pixels. `layers` as `3a+5b+5b@448`, at a size of their own after @; by default those of
    each recipe; references stand at the same places for all. Of more than so many `photos` as many are drawn,
    which is said.
    """
    for name, value in (("rows", rows), ("columns", columns), ("size", size), ("photos", photos)):
        check_at_least(name, value, 1)
    chosen, notes = sample_photos(study, photos, seed)
    if len(chosen) < 2 and not own:
        raise BadQuery("This figure needs a second photo, or own=true, which takes patches of the same one.")
    named = [(recipe.name, tap) for recipe in study.recipes for tap in taps(recipe, layers, size)]
    place = max(SMALLEST, (WIDTH - 2 * MARGIN) / (columns + 1))
    block = TITLE + rows * step(place)
    which = "all photos, its own too" if own else "the other photos"
    told = (
        f"in blue a patch of the photo named above; beside it the nearest of {which}, and their L2 distance"
    )
    drawn = paper(
        f"{study.data.name}: patches and their nearest",
        [told, *notes, *note_unranked(study)],
        len(named) * block, max(WIDTH, 2 * MARGIN + place * (columns + 1)),
    )  # fmt: skip
    for i, (name, tap) in enumerate(named):
        drawn.write(MARGIN, i * block, f"{name}, {tap.name}", weight="bold")
        clusters = _clusters(study, tap, chosen, rows, columns, seed, own)
        size_of = place * (columns + 1), step(place) * len(clusters)
        draw_clusters(drawn.axes(MARGIN, i * block + TITLE, *size_of), clusters, columns, place)
    return drawn.figure


def _clusters(
    study: Study, tap: Tap, numbers: Sequence[int], rows: int, k: int, seed: int, own: bool
) -> list[Cluster]:
    wanted, grid = _references(study, tap, numbers, rows, seed)
    others = wanted if own else dataclasses.replace(wanted, cells=np.full_like(wanted.cells, -1))
    near = nearest(study, tap, numbers, others, k)
    needed = sorted({*wanted.photos.tolist(), *near.photos[near.photos >= 0].tolist()})
    patches: dict[tuple[int, int], Pixels] = {}
    for number in needed:
        pixels = warped(study, number, tap.size)[1]
        patches |= {(number, cell): patch(pixels, grid, cell).copy() for cell in _cells(wanted, near, number)}
    names = [study.data.photos[number] for number in wanted.photos.tolist()]
    return [_cluster(name, wanted, near, row, patches) for row, name in enumerate(names)]


def _references(
    study: Study, tap: Tap, numbers: Sequence[int], rows: int, seed: int
) -> tuple[References, Grid]:
    """Columns at places drawn by the seed, of different photos as long as there are."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(numbers))
    places = random.random((rows, 2))

    def see(number: int) -> tuple[NDArray[np.float32], Grid]:
        return columns(study, tap, warped(study, number, tap.size)[1])

    study.engine(tap.backbone)
    picked = [numbers[order[row % len(numbers)]] for row in range(rows)]
    seen = dict(for_each_photo(study, f"References by {tap.name}", see, list(dict.fromkeys(picked))))
    picked = [number for number in picked if number in seen]
    if not picked:
        raise BadQuery("No photo that references were drawn from can be read: choose another seed.")
    grid = seen[picked[0]][1]
    cells = [int(y * grid[0]) * grid[1] + int(x * grid[1]) for y, x in places[: len(picked)]]
    rows_of = np.stack([seen[number][0][cell] for number, cell in zip(picked, cells, strict=True)])
    return References(rows_of, np.array(picked), np.array(cells)), grid


def _cells(wanted: References, near: Nearest, number: int) -> set[int]:
    """The cells of a photo that are shown."""
    own = wanted.cells[wanted.photos == number]
    return {*own.tolist(), *near.cells[near.photos == number].tolist()}


def _cluster(
    photo: str, wanted: References, near: Nearest, row: int, patches: dict[tuple[int, int], Pixels]
) -> Cluster:
    there = near.photos[row] >= 0
    keys: list[Any] = [(wanted.photos[row], wanted.cells[row])]
    keys += zip(near.photos[row, there], near.cells[row, there], strict=True)
    return Cluster(photo, [patches[int(a), int(b)] for a, b in keys], near.distances[row, there].tolist())
