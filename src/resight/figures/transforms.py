"""Synthetic views of a photo: each random change by itself, then all of them, as a fit has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from resight import images, methods
from resight.drawing.canvas import LABEL, TEXT, figure, heading
from resight.drawing.photos import show_photo
from resight.errors import BadQuery
from resight.evaluator import Study
from resight.figures._photos import for_each_photo, sample_photos
from resight.figures._systems import check_at_least
from resight.images.photo import Pixels
from resight.variations import VARIED, varied

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIDE = 320  # pixels of the longer side
INCHES = 1.7
ALL = "all of them"


def transforms(study: Study, *, photos: int = 1, views: int = 6, seed: int = 0) -> Figure:
    """For each photo, drawn by `seed`, a row a transform: the photo, then `views` random draws of it.

    Transforms that leave a share of photos as they are do so here too. The last row of a photo has all, in
    their order.
    """
    check_at_least("photos", photos, 1)
    check_at_least("views", views, 1)
    chosen, _ = sample_photos(study, photos, seed)
    seen = list(
        for_each_photo(
            study, "Photos", lambda number: images.resize_within(study.read(number).pixels, SIDE), chosen
        )
    )
    if not seen:
        raise BadQuery("None of the photos drawn can be read: choose another seed.")
    names = [*VARIED, ALL]
    drawn = figure(1.2 + INCHES * (views + 1), 0.7 + INCHES * 0.8 * len(names) * len(seen))
    heading(drawn, f"{study.data.name}: synthetic views of a photo")
    grid = drawn.subplots(len(names) * len(seen), views + 1, squeeze=False)
    rows = [(number, pixels, name) for number, pixels in seen for name in names]
    for line, (number, pixels, name) in zip(grid, rows, strict=True):
        size = pixels.shape[1], pixels.shape[0]
        show_photo(line[0], pixels, size=size)
        line[0].set_title(name, fontsize=LABEL, color=TEXT, loc="left")
        for view, axes in enumerate(line[1:]):
            show_photo(axes, _changed(pixels, name, (number, seed, view)), size=size)
    return drawn


def _changed(pixels: Pixels, name: str, seed: tuple[int, int, int]) -> Pixels:
    if name == ALL:
        return varied(pixels, seed)
    return np.asarray(methods.find("transforms", name)(pixels, np.random.default_rng(list(seed))))
