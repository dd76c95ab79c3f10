"""Run the network in OpenVINO: the fastest on a CPU, and torch is imported for the first conversion alone."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import logging
import shutil
import tempfile
import threading
import warnings
import weakref
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight import files, methods
from resight.backbones._bf16 import round_openvino
from resight.backbones._openvino_alone import openvino_alone
from resight.backbones._taken import refuse_others
from resight.backbones._weights import locate
from resight.engines._device import cpu_has_bf16
from resight.engines._promise import Engine
from resight.parts import SHORT
from resight.processors import processors
from resight.recipe import Backbone

SHAPES_KEPT = 100  # prepared kernels of recent shapes; without a bound, memory grows with every new shape
FORMAT = 5  # of a converted network; grows with any change of what is converted

_loading = threading.Lock()  # the first two threads would load two
_networks: weakref.WeakValueDictionary[tuple[Any, ...], Any] = weakref.WeakValueDictionary()
_last: Any = None  # keeps the last one alive


class OpenVino:
    """A converted network, kept in the user's cache; each thread has its own inference request.

    With a `batch` above 1 one caller is expected, whose batches have all cores.
    """

    name, device = "openvino", "CPU"

    def __init__(
        self, folder: Path, facts: dict[str, Any], workers: int, batch: int = 1, precision: str = "f32"
    ) -> None:
        self.batch, self.has_bf16 = batch or 1, cpu_has_bf16()
        self.weights: str = facts["weights"]
        self.only: int = facts["only"]
        self._layers, self._smallest = len(facts["layers"]), int(facts["smallest"])
        self._network = _compiled(folder, workers if self.batch == 1 else 1, precision)
        self._own = threading.local()
        # One answer before there are threads: OpenVINO's binding fills a table on first use, and two threads
        # that meet there wait for each other for ever (seen with 2026.4).
        side = self.only or max(32, self._smallest)
        self(np.zeros((1, side, side, 3), np.uint8))

    def __call__(self, pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """(B, H, W, 3) uint8 sRGB -> one (B, C, H', W') float32 a layer; errors for sizes it takes not.

        Channels lie last in memory, as poolings want them.
        """
        refuse_others(pixels, self._smallest, self.only)
        if not hasattr(self._own, "request"):
            self._own.request = self._network.create_infer_request()
        request = self._own.request
        request.infer({0: np.ascontiguousarray(pixels)}, share_inputs=True)
        return [_channels_last(request.get_output_tensor(i).data) for i in range(self._layers)]


def openvino(backbone: Backbone, workers: int, batch: int = 1) -> Engine:
    """The network in OpenVINO, for this many threads at once; in PyTorch where it cannot be converted."""
    folder = _converted(backbone)
    facts = json.loads((folder / "network.json").read_text())
    unlike = facts["unlike_bf16" if backbone.precision == SHORT else "unlike"]
    if unlike:
        warnings.warn(
            f"{backbone.network} runs in PyTorch, slower than others: converted for OpenVINO, {unlike}.",
            stacklevel=2,
        )
        return methods.find("engines", "torch").call(backbone, workers, batch)  # type: ignore[no-any-return]
    return OpenVino(folder, facts, workers, batch, backbone.precision)


def _channels_last(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """(B, C, H, W) -> a copy, since the next run overwrites the tensor."""
    return maps.transpose(0, 2, 3, 1).copy().transpose(0, 3, 1, 2)


def _compiled(folder: Path, streams: int, precision: str) -> Any:
    """The network, ready to run: the one that is in memory, where it is the same and still in use.

    So do the galleries of a service share theirs. The last one stays, for whoever opens one after another.
    """
    global _last
    state = (folder / "network.bin").stat()
    settings = {
        "INFERENCE_PRECISION_HINT": precision,  # by its own default it takes bf16 where the CPU has it
        "NUM_STREAMS": streams,
        "INFERENCE_NUM_THREADS": processors(),
        "CPU_RUNTIME_CACHE_CAPACITY": SHAPES_KEPT,
        # It binds the threads of each process to cores from the first on, whatever the others use.
        "ENABLE_CPU_PINNING": False,
    }
    key = (str(folder), state.st_mtime_ns, state.st_size, *settings.values())
    with _loading:
        network = _networks.get(key)
        if network is None:
            model = _core().read_model(folder / "network.xml")
            if precision == SHORT:
                round_openvino(openvino_alone(), model)
            network = _networks[key] = _core().compile_model(model, "CPU", settings)
        _last = network
    return network


@functools.cache
def _core() -> Any:
    """OpenVINO itself, once and for as long as the process lives.

    Its plugin gives the thread that loads it a stack of its own for signals, and takes it away when it goes:
    where two of them go in the order they came, or one in another thread, the next signal, such as Ctrl-C,
    ends the process (seen with 2026.4).
    """
    return openvino_alone().Core()


def cache_folder() -> Path:
    """Where converted networks are kept; safe to delete. Raises StorageFailed without a home folder."""
    return files.cache_folder() / "networks"


def _converted(backbone: Backbone) -> Path:
    """The folder of the converted network, made on first use: a temporary folder, then one rename."""
    fields = dataclasses.asdict(backbone) | {"weights": locate(backbone).key}
    del fields["precision"]  # which is chosen when it is loaded
    has_bf16 = cpu_has_bf16()
    parts = [fields, metadata.version("openvino"), has_bf16, FORMAT]
    key = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]
    folder = cache_folder() / key
    if not (folder / "network.json").exists():
        logging.getLogger("resight").info("Preparing %s for this machine, once.", backbone.network)
        from resight.backbones._openvino import convert

        try:
            cache_folder().mkdir(parents=True, exist_ok=True)
            made = Path(tempfile.mkdtemp(dir=cache_folder(), prefix=".making-"))
        except OSError:  # a read-only home: convert for this process alone
            folder = Path(tempfile.mkdtemp(prefix="resight-network-"))
            convert(backbone, folder, has_bf16)
            return folder
        try:
            convert(backbone, made, has_bf16)
            made.rename(folder)
        except OSError:  # another process was first
            if not (folder / "network.json").exists():
                raise
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return folder
