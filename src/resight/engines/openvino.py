"""Run the network in OpenVINO: the fastest on a CPU, and torch is imported for the first conversion alone."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import threading
from collections import Counter, OrderedDict
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight.backbones._weights import locate
from resight.engines import Engine
from resight.recipe import Backbone

STATIC_AFTER = 16  # photos of one shape that pay for compiling it: about 0.1 s against 5 ms a photo
STATIC_KEPT = 8
PRECISION = "f32"  # said aloud: by its own default OpenVINO silently takes bf16 where the CPU has it


class OpenVino:
    """A converted network, kept in the user's cache; each thread has its own inference request."""

    name = "openvino"

    def __init__(self, backbone: Backbone, workers: int) -> None:
        folder = _converted(backbone)
        from openvino import Core

        self.weights: str = json.loads((folder / "network.json").read_text())["weights"]
        self._core, self._file = Core(), folder / "network.xml"
        self._settings = {
            "INFERENCE_PRECISION_HINT": PRECISION,
            "NUM_STREAMS": workers,
            "INFERENCE_NUM_THREADS": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0,
        }
        self._layers = len(backbone.layers)
        self._any_shape = self._compile(None)
        self._seen: Counter[tuple[int, ...]] = Counter()
        self._static: OrderedDict[tuple[int, ...], Any] = OrderedDict()
        self._lock = threading.Lock()
        self._own = threading.local()
        # One answer before there are threads: OpenVINO's binding fills a table on first use, and two threads
        # that meet there wait for each other for ever (seen with 2026.4).
        self(np.zeros((1, 32, 32, 3), np.uint8))

    def __call__(self, pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """(B, H, W, 3) uint8 sRGB -> one (B, C, H', W') float32 a layer."""
        request = self._request(pixels.shape)
        request.infer({0: np.ascontiguousarray(pixels)}, share_inputs=True)
        return [np.array(request.get_output_tensor(i).data) for i in range(self._layers)]

    def _compile(self, shape: tuple[int, ...] | None) -> Any:
        model = self._core.read_model(self._file)
        if shape:
            model.reshape(list(shape))
        return self._core.compile_model(model, "CPU", self._settings)

    def _request(self, shape: tuple[int, ...]) -> Any:
        """The thread's own request: of a network for this very shape once it is seen often, else for any."""
        with self._lock:
            self._seen[shape] += 1
            network = self._static.get(shape)
            if network is not None:
                self._static.move_to_end(shape)
            elif self._seen[shape] > STATIC_AFTER:
                network = self._static[shape] = self._compile(shape)
                if len(self._static) > STATIC_KEPT:
                    self._seen[self._static.popitem(last=False)[0]] = 0
        network = network or self._any_shape
        held = self._own.__dict__.setdefault("requests", {})
        if held.get(shape, (None, None))[0] is not network:
            if len(held) > STATIC_KEPT:
                held.clear()
            held[shape] = (network, network.create_infer_request())
        return held[shape][1]


def openvino(backbone: Backbone, workers: int) -> Engine:
    """The network in OpenVINO, for this many threads at once."""
    return OpenVino(backbone, workers)


def cache_folder() -> Path:
    """Where converted networks are kept; safe to delete."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "resight" / "networks"


def _converted(backbone: Backbone) -> Path:
    """The folder of the converted network, made on first use: a temporary folder, then one rename."""
    parts = [backbone.network, backbone.layers, locate(backbone).key, metadata.version("openvino"), 1]
    key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]
    folder = cache_folder() / key
    if not (folder / "network.json").exists():
        from resight.backbones._openvino import convert

        try:
            cache_folder().mkdir(parents=True, exist_ok=True)
            made = Path(tempfile.mkdtemp(dir=cache_folder(), prefix=".making-"))
        except OSError:  # a read-only home: convert for this process alone
            folder = Path(tempfile.mkdtemp(prefix="resight-network-"))
            convert(backbone, folder)
            return folder
        try:
            convert(backbone, made)
            made.rename(folder)
        except OSError:  # another process was first
            if not (folder / "network.json").exists():
                raise
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return folder
