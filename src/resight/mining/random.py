"""Any matching and any non-matching photo, which mining is held against. Schroff et al., CVPR 2015, 3.2."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resight.mining._members import Members
from resight.ranges import at_least


def random(
    descriptors: NDArray[np.float32],
    classes: NDArray[np.integer],
    generator: np.random.Generator,
    *,
    triplets: int = 0,
) -> NDArray[np.int64]:
    """(N, D), (N,) -> (T, 3): `triplets` with distinct pairs of query and matching photo, or 0: one a photo.

    The descriptors are not looked at. Raises BadSetting.
    """
    at_least(0, "random", triplets=triplets)
    members = Members(classes)
    queries, matching = members.pairs(triplets, generator)
    return np.stack([queries, matching, members.strangers(queries, generator)], axis=1)
