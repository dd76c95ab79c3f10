"""The conjugate gradient method. Hestenes and Stiefel, 1952, for the system of a diffusion."""

from __future__ import annotations

from typing import Any

import numpy as np

from resight.types import Vectors


def solved(matrix: Any, start: Vectors, alpha: float, steps: int, tolerance: float) -> Vectors:
    """The f of (I - alpha S) f = `start` (N,), by the conjugate gradient method; S (N, N) is `matrix`.

    What no path of S leads to from the start stays 0 to the bit.
    """
    values, rest, direction = np.zeros_like(start), start.copy(), start.copy()
    left = float(rest @ rest)
    enough = left * max(tolerance, float(np.finfo(np.float32).eps)) ** 2
    for _ in range(steps):
        if left <= enough:
            break
        image = direction - np.float32(alpha) * (matrix @ direction)
        length = np.float32(left / float(direction @ image))
        values += length * direction
        rest -= length * image
        before, left = left, float(rest @ rest)
        direction = rest + np.float32(left / before) * direction
    return values
