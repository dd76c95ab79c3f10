"""Columns of feature maps, and the nearest of a collection, photo by photo so that memory stays flat."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resight import recipe as recipes
from resight import views
from resight.errors import BadSetting
from resight.evaluator import Study
from resight.figures._lists import words
from resight.figures._photos import for_each_photo
from resight.images import Photo
from resight.images.photo import Pixels
from resight.ranking import Numbers
from resight.recipe import Backbone, Recipe
from resight.types import Vectors

CELLS = 4_000_000  # distances at once: 16 MB
TINY = 1e-12

Found = tuple[NDArray[np.float32], Numbers]
"""Squared distances and cells, each (Q, k), nearest first; a cell is -1 where there are fewer."""


@dataclass(frozen=True)
class Tap:
    """One layer of a network, on photos that are warped to squares of `size` pixels."""

    backbone: Backbone
    size: int

    @property
    def name(self) -> str:
        """The layer and the size."""
        return f"{self.backbone.layers[0]}, {self.size} pixels"


@dataclass(frozen=True)
class References:
    """Columns (Q, C) of unit length whose nearest are looked for.

    Of the photo `photos[q]` the column itself, `cells[q]`, is left out; where that is -1, the whole photo.
    """

    columns: Vectors
    photos: Numbers
    cells: Numbers


@dataclass(frozen=True)
class Nearest:
    """(Q, k) each, nearest first: distance, photo, and cell; where there are fewer, the photo is -1."""

    distances: NDArray[np.float64]
    photos: Numbers
    cells: Numbers


def taps(recipe: Recipe, layers: str, size: int) -> list[Tap]:
    """`layers` as `3a+5b+5b@448`, at a size of their own after @; by default the recipe's layers."""
    found = []
    for text in words("layers", layers) if layers else recipe.first.backbone.layers:
        layer, at, own = text.partition("@")
        if at and not own.isdecimal():
            raise BadSetting(f"A layer at a size of its own is LAYER@PIXELS, as in 5b@448, not '{text}'.")
        backbone = dataclasses.replace(recipe.first.backbone, layers=(layer,))
        found.append(Tap(backbone, int(own) if at else size))
    return found


def warped(study: Study, number: int, size: int) -> tuple[Photo, Pixels]:
    """A photo, and its (size, size, 3) pixels; raises BadImage."""
    wanted = recipes.Views(resize="square", sizes=(size,))
    photo = study.read(number, functools.partial(views.enough, wanted=(wanted,)))
    return photo, next(iter(views.views(photo, wanted))).pixels


def columns(study: Study, tap: Tap, pixels: Pixels) -> tuple[Vectors, tuple[int, int]]:
    """(H * W, C) of unit length, row by row, and the grid (H, W); a column of zeros stays so."""
    features = study.engine(tap.backbone)(pixels[None])[0][0]
    found = np.ascontiguousarray(features.reshape(len(features), -1).T)
    unit: Vectors = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), TINY)
    return unit, (features.shape[1], features.shape[2])


def nearest(study: Study, tap: Tap, numbers: Sequence[int], wanted: References, k: int) -> Nearest:
    """The k nearest columns of the photos of these numbers, by L2; equals in the order of the photos."""
    study.engine(tap.backbone)  # made once, before threads ask for it

    def see(number: int) -> Found:
        found, _ = columns(study, tap, warped(study, number, tap.size)[1])
        return closest(wanted, number, found, k)

    shape = (len(wanted.columns), k)
    distances, cells = np.full(shape, np.inf, np.float32), np.full(shape, -1)
    photos = cells.copy()
    for number, (near, own) in for_each_photo(study, f"Patches by {tap.name}", see, numbers):
        distances = np.concatenate([distances, near], axis=1)
        order = np.argsort(distances, axis=1, kind="stable")[:, :k]
        distances = np.take_along_axis(distances, order, axis=1)
        cells = np.take_along_axis(np.concatenate([cells, own], axis=1), order, axis=1)
        theirs = np.where(own < 0, -1, number)
        photos = np.take_along_axis(np.concatenate([photos, theirs], axis=1), order, axis=1)
    return Nearest(np.sqrt(np.maximum(distances, 0, dtype=np.float64)), photos, cells)


def closest(wanted: References, number: int, found: Vectors, k: int) -> Found:
    """Of one photo's columns (N, C) the nearest to each reference, at most k; infinitely far: left out."""
    k, block = min(k, len(found)), max(1, CELLS // len(found))
    parts = [
        _closest(wanted, slice(start, start + block), number, found, k)
        for start in range(0, len(wanted.columns), block)
    ]
    return np.concatenate([near for near, _ in parts]), np.concatenate([cells for _, cells in parts])


def _closest(wanted: References, span: slice, number: int, found: Vectors, k: int) -> Found:
    rows, own = wanted.columns[span], wanted.cells[span]
    squares = (rows**2).sum(axis=1)[:, None] - 2 * (rows @ found.T) + (found**2).sum(axis=1)
    here = wanted.photos[span] == number
    squares[here & (own < 0)] = np.inf
    alone = np.flatnonzero(here & (own >= 0))
    squares[alone, own[alone]] = np.inf
    cells = np.argpartition(squares, k - 1, axis=1)[:, :k] if k > 1 else squares.argmin(axis=1)[:, None]
    near = np.take_along_axis(squares, cells, axis=1)
    order = np.lexsort((cells, near))
    near = np.take_along_axis(near, order, axis=1)
    return near, np.where(np.isinf(near), -1, np.take_along_axis(cells, order, axis=1))
