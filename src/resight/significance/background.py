"""What photos have in common with pictures that show nothing, and how much of it a query has.

Some photos score high with every query of another kind than the gallery, as photographs do among drawings:
not for what they show. How photos answer to pictures of noise tells which these are. A query's scores are
regressed on that, and chance is told by what is left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from resight.types import Vectors

DIRECTIONS = 4  # of the answers to noise; three to six do alike


@dataclass(frozen=True, eq=False)
class Background:
    """`directions` (D, K) of the space of descriptors, and `weights` (K, D): how much of each a query has."""

    directions: Vectors
    weights: Vectors

    def remove(self, query: Vectors) -> Vectors:
        """(D,) a query's descriptor without what it has in common with noise (D,); its length is another."""
        found: Vectors = query - self.directions @ (self.weights @ query)
        return found


def fit_background(photos: Vectors, noise: Vectors) -> Background | None:
    """(M, D) descriptors of photos and (N, D) of noise -> the background; None for too few photos.

    The scores (M, N) of the photos with the noise vary between photos along a few directions: the first
    principal components, as sums of noise, are directions of the space of descriptors. The scores of a query
    with the photos are regressed on a constant and on the photos' scores with these, which is linear in the
    query.
    """
    count = min(DIRECTIONS, len(noise))
    if len(photos) <= count + 1:
        return None
    answers = photos @ noise.T
    _, varying = np.linalg.eigh(np.cov(answers.T).reshape(len(noise), -1))  # the largest come last
    directions = noise.T @ varying[:, -count:].astype(np.float32)
    along = photos @ directions
    inverse = np.linalg.pinv(along - along.mean(axis=0))  # a constant takes the means away
    weights = inverse @ (photos - photos.mean(axis=0))
    return Background(directions.astype(np.float32), weights.astype(np.float32))
