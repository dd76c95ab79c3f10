"""Which things a run is measured on and never sees: by a hash of their names, so the same in every run."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def is_held_out(name: str, share: float) -> bool:
    """Whether a thing of this name is among the `share`, 0 to 1, that is not trained on."""
    number = int.from_bytes(hashlib.sha256(name.encode("utf8", "surrogatepass")).digest()[:8], "big")
    return number >= (1 - share) * 2.0**64


def held_out(names: Sequence[str], share: float) -> NDArray[np.bool_]:
    """(N,): of each name whether it is held out; at least one name is not."""
    found = np.array([is_held_out(name, share) for name in names], bool)
    return np.zeros(len(names), bool) if found.all() else found
