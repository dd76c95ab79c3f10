"""The conjugate gradient method. Hestenes and Stiefel, 1952, for the system of a diffusion."""

from __future__ import annotations

from typing import Any

import numpy as np

from resight.types import Vectors

EPSILON = float(np.finfo(np.float32).eps)


def solve(matrix: Any, start: Vectors, alpha: float, steps: int, tolerance: float) -> Vectors:
    """The f (N,) float32 of (I - alpha S) f = `start` (N,), where `matrix` is the symmetric S (N, N).

    Ends after `steps`, or when the rest is below `tolerance` times the start. Nodes that no path of S leads
    to from the start keep exactly 0.
    """
    from scipy.sparse.linalg import LinearOperator, cg

    scale = np.float32(alpha)
    system = LinearOperator(matrix.shape, lambda values: values - scale * (matrix @ values), dtype=np.float32)
    found: Vectors = cg(system, start, rtol=max(tolerance, EPSILON), atol=0, maxiter=steps)[0]
    return found
