"""What OpenCV's finders of points share: a smaller photo, the strongest points, and where they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight.errors import BadSetting


def strongest(found: Sequence[Any], count: int) -> NDArray[np.int64]:
    """At most `count` by response; equals by place, size and angle, since OpenCV keeps ties at the end."""
    keys = [(-each.response, each.pt, each.size, each.angle) for each in found]
    return np.array(sorted(range(len(found)), key=keys.__getitem__)[:count], dtype=np.int64)


def places(found: Sequence[Any], order: NDArray[np.int64], shrunk: int) -> NDArray[np.float32]:
    """(N, 2) x, y in pixels of a photo that was made smaller `shrunk` times on each side before.

    OpenCV counts from the centre of the first pixel, Resight from its corner.
    """
    return (np.array([found[i].pt for i in order], np.float32).reshape(-1, 2) + np.float32(0.5)) * shrunk


def halved(grey: NDArray[np.uint8], octaves: int) -> NDArray[np.uint8]:
    """(H, W) -> half the size, so many times; cells of 2^octaves pixels become their mean."""
    import cv2

    if not octaves:
        return grey
    height, width = (max(1, round(side / 2**octaves)) for side in grey.shape)
    return np.asarray(cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def check(method: str, count: int, first_octave: int, lowest: int) -> None:
    """Refuse to look for no point, or in a photo that was made larger than the method does."""
    if count < 1:
        raise BadSetting(f"'{method}' finds at least 1 point: 'count' cannot be {count}.")
    if not lowest <= first_octave <= 4:
        raise BadSetting(f"'{method}' takes {lowest} to 4 for 'first_octave', not {first_octave}.")
