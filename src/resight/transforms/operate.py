"""An operation of policies, drawn with its magnitude, as in RandAugment. Cubuk et al., CVPRW 2020."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resight import policy
from resight.images import resize


def operate(
    pixels: NDArray[np.uint8], generator: np.random.Generator, *, among: str = "", share: float = 0.5
) -> NDArray[np.uint8]:
    """(H, W, 3) -> (H, W, 3): a `share` of photos, through one of the operations at any magnitude.

    `among` are names joined by '+', as in "rotate+invert"; by default all. A result of another size is
    brought back to that of the photo.
    """
    known = policy.variants()
    if among:
        wanted = among.split("+")
        policy.check([f"{name}:magnitude=1" for name in wanted])
        known = tuple(text for text in known if text.partition(":")[0] in wanted)
    chosen, number = generator.random() < share, int(generator.integers(len(known)))
    if not chosen:
        return pixels
    found, _ = policy.operation(known[number])(pixels)
    return resize(found, pixels.shape[1], pixels.shape[0])
