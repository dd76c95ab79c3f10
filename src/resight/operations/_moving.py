"""Operations that move pixels: an affine map of the frame, and the way back in shares of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight.errors import BadSetting

Pixels = NDArray[np.uint8]
Back = NDArray[np.float64]

RESAMPLE = ("nearest", "bilinear", "bicubic")


def still() -> Back:
    """The way back from pixels that stayed where they were."""
    return np.eye(2, 3)


def moved(pixels: Pixels, matrix: Back, fill: int, resample: str) -> tuple[Pixels, Back]:
    """(H, W, 3) -> (H, W, 3) and the way back; pixels from outside the frame have the grey level `fill`.

    `matrix` (2, 3) takes a point (x, y) of the result, in pixels counted from the frame's corner, to the
    point of the source that it shows. Raises BadSetting for a fill or a resampling that does not exist.
    """
    from PIL import Image

    if not 0 <= fill <= 255:
        raise BadSetting(f"'fill' is a grey level from 0 to 255, not {fill}.")
    if resample not in RESAMPLE:
        raise BadSetting(f"'resample' is one of {', '.join(RESAMPLE)}, not '{resample}'.")
    height, width = pixels.shape[:2]
    filter_: Any = getattr(Image.Resampling, resample.upper())
    data: Any = tuple(matrix.ravel().tolist())
    image = Image.fromarray(pixels).transform(
        (width, height), Image.Transform.AFFINE, data, resample=filter_, fillcolor=(fill, fill, fill)
    )
    return np.array(image, np.uint8), in_shares(matrix, width, height)


def in_shares(matrix: Back, width: int, height: int) -> Back:
    """A (2, 3) affine map between points in pixels -> the same map between shares of the frame."""
    frame = np.array([width, height], np.float64)
    return np.column_stack([matrix[:, :2] * frame / frame[:, None], matrix[:, 2] / frame])
