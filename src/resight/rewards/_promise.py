"""What rewards are given, and what they give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from resight.types import Vectors

Policies = NDArray[np.int64]
Rewards = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Examples:
    """Photos through all variants, and which of them show the same.

    `descriptors` (N, V, D) float32 of unit length, of each photo through each variant; it may lie on the
    disk. `variants` (V,) are their operations, as "rotate:magnitude=3"; "" is the photo as it is. `groups`
    (N,): equal numbers show the same thing. `pairs` (2, P) are numbers of photos, and `alike` (P,) says
    which of the pairs show the same thing. `workers` are threads.
    """

    descriptors: Vectors
    variants: Sequence[str]
    groups: NDArray[np.int64]
    pairs: NDArray[np.int64]
    alike: NDArray[np.bool_]
    workers: int = 1

    @property
    def operations(self) -> NDArray[np.int64]:
        """(V,) equal numbers are one operation, whatever its magnitude."""
        names = [text.partition(":")[0] for text in self.variants]
        known = {name: number for number, name in enumerate(dict.fromkeys(names))}
        return np.array([known[name] for name in names], np.int64)


class Score(Protocol):
    """Policies to rewards."""

    def __call__(self, policies: Policies) -> Rewards:
        """(P, n) numbers of variants -> (P,); a policy's reward does not depend on those beside it."""
        ...


def summed(examples: Examples, policy: NDArray[np.int64]) -> Vectors:
    """(N, D): what each photo is described as through a policy (n,). Tursun et al., ICIP 2020, eq. 1 and 2.

    This is the slow, true form: `Grams` gives the similarities of these vectors without them.
    """
    total = np.zeros((len(examples.descriptors), examples.descriptors.shape[2]), np.float32)
    for variant in policy.tolist():
        total += examples.descriptors[:, variant]
    lengths = np.sqrt(np.einsum("nd,nd->n", total, total))
    found: Vectors = total / np.maximum(lengths, np.float32(1e-12))[:, None]
    return found
