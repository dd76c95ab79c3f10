"""Run the network in PyTorch: on CUDA or MPS where there is one, and as the reference on the CPU."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from resight.backbones._taken import refuse_others
from resight.engines import Engine
from resight.recipe import Backbone


class Torch:
    """Float32 throughout; TF32 is off while it runs, so that a GPU gives what a CPU gives."""

    name = "torch"

    def __init__(self, backbone: Backbone) -> None:
        import torch

        from resight.backbones._network import build

        network = build(backbone)
        self.weights, self.only, self._smallest = network.weights, network.sizes.only, network.sizes.smallest
        kind = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        self._device = torch.device(kind)
        self._module = network.module.to(self._device)
        self._one_at_a_time = threading.Lock()  # the hooks of the layers share their box

    def __call__(self, pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """(B, H, W, 3) uint8 sRGB -> one (B, C, H', W') float32 a layer; errors for sizes it takes not."""
        import torch

        refuse_others(pixels, self._smallest, self.only)
        with self._one_at_a_time, torch.inference_mode(), torch.backends.cudnn.flags(allow_tf32=False):
            maps = self._module(torch.from_numpy(np.ascontiguousarray(pixels)).to(self._device))
            return [each.cpu().numpy() for each in maps]


def torch(backbone: Backbone, workers: int) -> Engine:
    """The network in PyTorch; `workers` threads take turns."""
    return Torch(backbone)
