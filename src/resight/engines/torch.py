"""Run the network in PyTorch: on CUDA or MPS where there is one, and as the reference on the CPU."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resight.backbones._bf16 import round_torch
from resight.backbones._taken import refuse_others
from resight.engines._device import cpu_has_bf16
from resight.engines._promise import Engine
from resight.parts import SHORT
from resight.recipe import Backbone

if TYPE_CHECKING:
    import torch as pytorch

BATCH = {"cuda": 32, "mps": 8, "cpu": 1}  # views at once, unless it is said
TRIAL = 8, 256  # views and their side in pixels, by which the layout of memory is chosen

_precision = threading.Lock()
_inside: list[Any] = []  # one for each call that is inside; the first knows what was before


class Torch:
    """Float32 throughout unless the backbone says bf16; TF32 is off, so that a GPU gives what a CPU gives.

    Maps stay on the device. Where its memory does not hold a batch, the batch is halved from then on.
    """

    name = "torch"

    def __init__(self, backbone: Backbone, batch: int = 0) -> None:
        import torch

        from resight.backbones._network import build

        network = build(backbone)
        self.weights, self.only, self._smallest = network.weights, network.sizes.only, network.sizes.smallest
        kind = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        self.device = torch.cuda.get_device_name() if kind == "cuda" else kind.upper()
        self.batch, self._short = batch or BATCH[kind], backbone.precision == SHORT
        if self._short:
            round_torch(network.module)
        self.has_bf16 = (
            torch.cuda.get_device_capability() >= (8, 0)
            if kind == "cuda"
            else kind == "mps" or cpu_has_bf16()
        )
        self._device, self._module = torch.device(kind), network.module.to(kind)
        self._copying: Any = torch.cuda.Stream() if kind == "cuda" else None  # type: ignore[no-untyped-call]
        if kind == "cuda":
            count, side = TRIAL
            self._lay_out(self._faster(np.zeros((count, *(self.only or side,) * 2, 3), np.uint8)))

    def __call__(self, pixels: NDArray[np.uint8]) -> list[Any]:
        """(B, H, W, 3) uint8 sRGB -> one (B, C, H', W') float32 a layer; errors for sizes it takes not.

        They are tensors on a GPU, and NumPy arrays of the same memory on a CPU, where all else is NumPy's.
        """
        import torch

        refuse_others(pixels, self._smallest, self.only)
        with torch.inference_mode(), _without_tf32(self._device.type):
            maps = self._run(torch.from_numpy(np.ascontiguousarray(pixels)))
        return [each.numpy() for each in maps] if self._device.type == "cpu" else maps

    def _run(self, pixels: pytorch.Tensor) -> list[Any]:
        import torch

        try:
            with torch.autocast(self._device.type, torch.bfloat16, enabled=self._short):
                return [each.float() for each in self._module(self._sent(pixels))]
        except torch.OutOfMemoryError:
            if len(pixels) == 1:
                raise
        # Outside of the handler, which holds on to the tensors of what failed.
        self.batch = max(1, min(self.batch, len(pixels)) // 2)
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        half = len(pixels) // 2
        halves = [self._run(pixels[:half]), self._run(pixels[half:])]
        return [torch.cat(layer) for layer in zip(*halves, strict=True)]

    def _sent(self, pixels: pytorch.Tensor) -> pytorch.Tensor:
        """To the device: to a GPU from pinned memory, on a stream of its own, while it still computes."""
        import torch

        if self._copying is None:
            return pixels.to(self._device)
        with torch.cuda.stream(self._copying):
            sent = pixels.pin_memory().to(self._device, non_blocking=True)
        torch.cuda.current_stream().wait_stream(self._copying)
        sent.record_stream(torch.cuda.current_stream())
        return sent

    def _lay_out(self, layout: pytorch.memory_format) -> None:
        self._module.layout = layout
        self._module.to(memory_format=layout)

    def _faster(self, pixels: NDArray[np.uint8]) -> pytorch.memory_format:
        """The layout of memory in which the network runs faster here, by trying both."""
        import torch

        spent = {}
        for layout in (torch.contiguous_format, torch.channels_last):
            self._lay_out(layout)
            for trial in range(4):
                if trial == 1:  # the first one loads kernels
                    begun = time.perf_counter()
                for maps in self(pixels):
                    float(maps.flatten()[0])  # which waits until it is there
            spent[layout] = time.perf_counter() - begun
        return min(spent, key=lambda layout: spent[layout])


def torch(backbone: Backbone, workers: int, batch: int = 0) -> Engine:
    """The network in PyTorch; any number of threads may call it."""
    return Torch(backbone, batch)


def brought(array: pytorch.Tensor) -> Callable[[], NDArray[Any]]:
    """Begin to copy a tensor of a GPU into pinned memory; what comes back waits for that copy alone."""
    import torch

    here = array.to("cpu", non_blocking=True)
    copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
    copied.record()

    def wait() -> NDArray[Any]:
        copied.synchronize()
        found: NDArray[Any] = here.numpy()
        return found

    return wait


@contextmanager
def _without_tf32(kind: str) -> Iterator[None]:
    """Float32 and no less on a GPU, while any thread is inside; the setting is the process's."""
    import torch

    if kind != "cuda":
        yield
        return
    rooms: tuple[Any, ...] = (torch.backends.cudnn, torch.backends.cuda.matmul)
    with _precision:
        if not _inside:
            _inside.append([room.allow_tf32 for room in rooms])
            for room in rooms:
                room.allow_tf32 = False
        else:
            _inside.append(None)
    try:
        yield
    finally:
        with _precision:
            if len(_inside) == 1:
                for room, before in zip(rooms, _inside[0], strict=True):
                    room.allow_tf32 = before
            _inside.pop()
