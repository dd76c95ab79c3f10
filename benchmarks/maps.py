"""Feature maps on disk: computed once for each network, layer and view, and shared by all recipes."""

from __future__ import annotations

import dataclasses
import hashlib
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resight.engines import Engine, load
from resight.recipe import Backbone


class Maps:
    """An engine whose answers are kept in a folder, a file a layer and view; safe to delete."""

    name = "maps"

    def __init__(
        self, backbone: Backbone, folder: Path, engines: dict[Backbone, Engine], workers: int
    ) -> None:
        self._backbone = dataclasses.replace(backbone, relu=False)  # clamped afterwards: one network for both
        self._relu, self._engines, self._workers = backbone.relu, engines, workers
        plain = f"{backbone.network} {backbone.weights} {backbone.preprocess}"
        self._folder = folder / hashlib.sha256(plain.encode()).hexdigest()[:12]
        self._one_at_a_time = threading.Lock()
        self._folder.mkdir(parents=True, exist_ok=True)
        self.weights = self._engine(self._backbone).weights  # before there are threads

    def __call__(self, pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """(1, H, W, 3) uint8 -> one (1, C, H', W') float32 a layer."""
        view = hashlib.blake2b(f"{pixels.shape}".encode() + pixels.tobytes(), digest_size=12).hexdigest()
        files = {layer: self._folder / f"{view}-{layer}.npy" for layer in self._backbone.layers}
        missing = tuple(layer for layer, file in files.items() if not file.exists())
        if missing:
            with self._one_at_a_time:
                engine = self._engine(dataclasses.replace(self._backbone, layers=missing))
            for layer, features in zip(missing, engine(pixels), strict=True):
                unfinished = files[layer].with_suffix(".unfinished.npy")
                np.save(unfinished, features)
                unfinished.rename(files[layer])
        maps = [np.load(file) for file in files.values()]
        return [np.maximum(features, 0) for features in maps] if self._relu else maps

    def _engine(self, backbone: Backbone) -> Engine:
        if backbone not in self._engines:
            self._engines[backbone] = load(backbone, "openvino", self._workers)
        return self._engines[backbone]


def kept(backbone: Backbone, folder: Path, engines: dict[Backbone, Engine], workers: int) -> Engine:
    """The answers of a network kept in a folder; points are found each time, which costs little."""
    if backbone.layers:
        return Maps(backbone, folder, engines, workers)
    return load(backbone)
