"""A policy drawn on photos: as they are, then through each operation. Tursun et al., ICIP 2020, figure 3."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from resight.drawing.canvas import SMALL, TEXT, figure, heading
from resight.drawing.photos import outline, show_photo
from resight.evaluator import Study
from resight.figures._operated import drawn_photo, seen_through
from resight.figures._systems import check_at_least
from resight.policy import Policy
from resight.types import Region

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INCHES = 1.25
WHOLE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


def policy(
    study: Study, *, name: str = "tursun2020", photos: int = 1, seed: int = 0, size: int = 224
) -> Figure:
    """A row a photo, drawn by `seed`: the photo, then the view of each operation of the policy `name`.

    `name` is a shipped policy or a TOML file. What each view shows of the photo is outlined in a second row
    below: the frame of the view, taken back to the photo. Photos are warped to squares of `size` pixels.
    """
    check_at_least("photos", photos, 1)
    operations = Policy.load(name).operations
    columns = 1 + len(operations)
    drawn = figure(0.4 + INCHES * columns, 0.7 + 2.2 * INCHES * photos)
    heading(drawn, f"{study.data.name}: the policy {name}")
    grid = drawn.subplots(2 * photos, columns, squeeze=False)
    for number in range(photos):
        photo = drawn_photo(study, seed + number)
        plain = seen_through(photo, "", size).pixels
        above, below = grid[2 * number], grid[2 * number + 1]
        show_photo(above[0], plain, size=(1, 1))
        above[0].set_title("the photo", fontsize=SMALL, color=TEXT)
        below[0].set_axis_off()
        for one, other, operation in zip(above[1:], below[1:], operations, strict=True):
            view = seen_through(photo, operation, size)
            show_photo(one, view.pixels, size=(1, 1))
            one.set_title(operation.replace(":magnitude=", " "), fontsize=SMALL, color=TEXT)
            show_photo(other, plain, size=(1, 1))
            shares = view.to_original(WHOLE) / (photo.width, photo.height)
            outline(other, Region.of(shares.tolist()))
    return drawn
