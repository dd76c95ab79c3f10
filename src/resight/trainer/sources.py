"""Where what a model learns from comes from: pictures of photos, or what a network gave for them before."""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from resight import images
from resight.errors import BadImage, BadPlan
from resight.trainer.model import Model
from resight.trainer.pictures import Photos, Pixels, Shot
from resight.trainer.plan import Phase, shape
from resight.trainer.stepping import free_memory, piece_of
from resight.variations import varied

LARGER = 1.25  # a photo's sides before it is warped, in those of its picture: a warp may look into a part


class Source(Protocol):
    """Photos, the model that learns from them, and what it is shown."""

    photos: Photos
    model: Any

    def shown(self, phase: Phase, shot: Shot) -> NDArray[Any]:
        """What the model gets of one shot; called from several threads."""
        ...

    def piece(self, phase: Phase) -> int:
        """Of how many shots gradients are taken at once."""
        ...


class Pictures:
    """Pictures of photos, squeezed into the shape of a phase, through its transforms.

    Photos are decoded once where an eighth of the free memory holds them.
    """

    def __init__(self, photos: Photos, model: Model) -> None:
        self.photos, self.model = photos, model
        self._decoded: dict[tuple[int, int, int], Pixels] = {}
        self._room = free_memory() // 8

    def shown(self, phase: Phase, shot: Shot) -> Pixels:
        """A picture (H, W, 3); of a photo that cannot be read, one of the next that can be."""
        height, width = shape(phase)
        if not shot.seed or not phase.transforms:
            return self._read(shot.photo, height, width)
        larger = math.ceil(height * LARGER), math.ceil(width * LARGER)

        def another() -> Pixels:
            drawn = np.random.default_rng([*shot.seed, 1]).integers(len(self.photos))
            return self._read(int(drawn), *larger)

        photo = self._read(shot.photo, *larger)
        return varied(photo, (*shot.seed, 0), phase.transforms, another, (height, width))

    def piece(self, phase: Phase) -> int:
        """As many pictures as fit into a share of the memory."""
        return piece_of(self.model, shape(phase))

    def _read(self, photo: int, height: int, width: int) -> Pixels:
        """A photo, or the next that can be read, in this size."""
        known = self._decoded.get((photo, height, width))
        if known is not None:
            return known
        found = self._decode(photo, height, width)
        if self._room >= found.nbytes:
            self._room -= found.nbytes
            self._decoded[photo, height, width] = found
        return found

    def _decode(self, photo: int, height: int, width: int) -> Pixels:
        for number in range(photo, photo + len(self.photos)):
            path = self.photos.root / self.photos.paths[number % len(self.photos)]
            try:
                read = images.read(path, enough=lambda *_: (width, height))
            except (BadImage, OSError):
                continue
            return images.resize(read.pixels, width, height)
        raise BadPlan("None of the photos can be read, so there is nothing to train on.")


class Features:
    """Descriptors (N, D) that were made once, each as it is."""

    def __init__(self, photos: Photos, features: NDArray[np.float32], model: Any) -> None:
        self.photos, self.features, self.model = photos, features, model

    def shown(self, phase: Phase, shot: Shot) -> NDArray[np.float32]:
        """The descriptor of a photo."""
        row: NDArray[np.float32] = self.features[shot.photo]
        return row

    def piece(self, phase: Phase) -> int:
        """All of a batch at once."""
        return 1 << 20
