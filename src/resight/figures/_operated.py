"""A photo of a data set, drawn by a seed, and its view through an operation."""

from __future__ import annotations

from resight.errors import BadQuery
from resight.evaluator import Study
from resight.figures._photos import for_each_photo, sample_photos
from resight.images import Photo
from resight.parts import Views
from resight.views import View, views


def drawn_photo(study: Study, seed: int) -> Photo:
    """One photo of the data set; raises BadQuery where it cannot be read."""
    chosen, _ = sample_photos(study, 1, seed)
    found = list(for_each_photo(study, "Photos", lambda number: study.read(number), chosen))
    if not found:
        raise BadQuery("The photo drawn cannot be read: choose another seed.")
    return found[0][1]


def seen_through(photo: Photo, operation: str, size: int) -> View:
    """The photo as a square of `size` pixels, through an operation; "" is none."""
    return next(views(photo, Views("square", (size,), policy=(operation,) if operation else ())))
