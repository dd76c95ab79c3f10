"""Patches and their nearest of the whole collection, by layer. Ng, Yang and Davis, 2015, figure 4."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resight.errors import BadQuery
from resight.evaluator import Study
from resight.figures._columns import Nearest, References, Tap, columns, nearest, taps, warped
from resight.figures._ink import LABEL, QUERY, QUIET, SMALL, TEXT, figure, footnote, heading, plain
from resight.figures._patches import Grid, patch
from resight.figures._systems import at_least
from resight.figures._watching import drawn as some
from resight.figures._watching import each_photo
from resight.images.photo import Pixels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 12.0  # inches
TILE, STEP = 0.92, 1.22  # a patch, and from a row to the next, in widths of a place


@dataclass(frozen=True)
class Cluster:
    """The reference's patch, then those of its nearest with their distances."""

    patches: list[Pixels]
    distances: list[float]


def patch_clusters(
    study: Study,
    *,
    rows: int = 6,
    columns: int = 10,
    size: int = 224,
    layers: str = "",
    photos: int = 2000,
    seed: int = 0,
) -> Figure:
    """A row a reference, drawn by `seed` and framed; then its nearest patches by L2 of unit columns.

    The reference alone is left out, not the rest of its photo. Photos are warped to squares of `size` pixels.
    `layers` as `3a+5b+5b@448`, at a size of their own after @; by default those of each recipe; references
    stand at the same places for all. Of more than so many `photos` as many are drawn, which is said.
    """
    for name, value in (("rows", rows), ("columns", columns), ("size", size), ("photos", photos)):
        at_least(name, value, 1)
    chosen, notes = some(study, photos, seed)
    named = [(recipe.name, tap) for recipe in study.recipes for tap in taps(recipe, layers, size)]
    drawn = figure(WIDTH, 0.6 + len(named) * (0.4 + rows * STEP * WIDTH / (columns + 1)))
    heading(drawn, f"{study.data.name}: patches and their nearest")
    for axes, (name, tap) in zip(drawn.subplots(len(named), 1, squeeze=False)[:, 0], named, strict=True):
        _draw(axes, _clusters(study, tap, chosen, rows, columns, seed), columns)
        title = f"{name}, {tap.name}" if len(study.recipes) > 1 else tap.name
        axes.set_title(plain(title), fontsize=LABEL, color=TEXT, loc="left")
    footnote(drawn, ["the number below a patch is its distance from the first of its row", *notes])
    return drawn


def _clusters(study: Study, tap: Tap, numbers: Sequence[int], rows: int, k: int, seed: int) -> list[Cluster]:
    wanted, grid = _references(study, tap, numbers, rows, seed)
    near = nearest(study, tap, numbers, wanted, k)
    needed = sorted({*wanted.photos.tolist(), *near.photos[near.photos >= 0].tolist()})
    patches: dict[tuple[int, int], Pixels] = {}
    for number in needed:
        pixels = warped(study, number, tap.size)[1]
        patches |= {(number, cell): patch(pixels, grid, cell).copy() for cell in _cells(wanted, near, number)}
    return [_cluster(wanted, near, row, patches) for row in range(len(wanted.columns))]


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
    seen = dict(each_photo(study, f"References by {tap.name}", see, list(dict.fromkeys(picked))))
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


def _cluster(wanted: References, near: Nearest, row: int, patches: dict[tuple[int, int], Pixels]) -> Cluster:
    there = near.photos[row] >= 0
    keys: list[Any] = [(wanted.photos[row], wanted.cells[row])]
    keys += zip(near.photos[row, there], near.cells[row, there], strict=True)
    return Cluster([patches[int(a), int(b)] for a, b in keys], near.distances[row, there].tolist())


def _draw(axes: Axes, clusters: Sequence[Cluster], most: int) -> None:
    """Patches as tiles of one size, in places that count from 0, a row a cluster."""
    from matplotlib.patches import Rectangle

    for row, cluster in enumerate(clusters):
        top = row * STEP
        for column, pixels in enumerate(cluster.patches):
            extent = (column, column + TILE, top + TILE, top)
            axes.imshow(pixels, extent=extent, interpolation="antialiased")
        for column, distance in enumerate(cluster.distances, start=1):
            axes.text(column, top + TILE + 0.02, f"{distance:.2f}", va="top", fontsize=SMALL, color=QUIET)
        axes.add_patch(Rectangle((0, top), TILE, TILE, fill=False, edgecolor=QUERY, linewidth=3))
    axes.set_xlim(-0.05, 1 + most)
    axes.set_ylim(STEP * len(clusters), -0.05)
    axes.axis("off")
