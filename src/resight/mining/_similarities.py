"""Similarities of some photos to all, in blocks that fit into memory whatever the number of photos is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

CELLS = 1 << 24  # of a block: 64 MB


def similarities(
    descriptors: NDArray[np.float32], queries: NDArray[np.int64]
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """(N, D), queries (T,) -> the place of each query among them, and its similarities to all (N,).

    They may be changed, and are overwritten by those of another query later.
    """
    most = max(1, CELLS // max(1, len(descriptors)))
    block = np.empty((min(most, len(queries)), len(descriptors)), descriptors.dtype)
    for first in range(0, len(queries), most):
        asked = descriptors[queries[first : first + most]]
        yield from enumerate(np.matmul(asked, descriptors.T, out=block[: len(asked)]), first)
