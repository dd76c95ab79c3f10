"""Weights of depthwise convolutions for bf16: each kernel is rounded so that its sum stays.

A kernel of 3 x 3 has nine weights, and what their rounding adds to its sum is added to its answer wherever
the map is smooth. Dense convolutions sum hundreds of weights, where this averages out. In EfficientNet-Lite0
two layers of depthwise kernels made nearly all of what bf16 changed (docs/decisions/0010).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LOW = np.uint32(0xFFFF)  # the bits of a float32 that bf16 has not


def round_kernels(kernels: NDArray[np.float32]) -> NDArray[np.float32]:
    """(..., H, W) float32 -> the same, of numbers that bf16 has.

    Each weight becomes one of its two neighbours: the nearer one, or the other one where this brings the sum
    of its kernel nearer to what it was; weights with larger steps come first.
    """
    flat = np.ascontiguousarray(kernels, np.float32).reshape(-1, kernels.shape[-2] * kernels.shape[-1])
    bits = flat.view(np.uint32)
    below = (bits & ~LOW).view(np.float32)  # nearer to zero
    above = np.where(bits & LOW, (bits & ~LOW) + np.uint32(0x10000), bits).view(np.float32)
    nearer = np.where(np.abs(flat - below) <= np.abs(above - flat), below, above)
    steps = np.where(nearer == below, above - below, below - above).astype(np.float64)
    missing = (flat.astype(np.float64) - nearer).sum(axis=1)
    rounded, rows = nearer.copy(), np.arange(len(flat))
    for column in np.argsort(-np.abs(steps), axis=1).T:
        step = steps[rows, column]
        helps = np.abs(missing - step) < np.abs(missing)
        rounded[rows, column] += np.where(helps, step, 0).astype(np.float32)
        missing = np.where(helps, missing - step, missing)
    return rounded.reshape(kernels.shape)


def round_openvino(openvino: Any, model: Any) -> None:
    """The kernels of a converted network, in place."""
    for node in model.get_ops():
        if node.get_type_name() != "GroupConvolution":
            continue
        constant = node.input_value(1).get_node()
        if constant.get_type_name() != "Constant" or constant.shape[1:3] != [1, 1]:
            continue
        rounded = openvino.opset8.constant(round_kernels(constant.data))
        node.input(1).replace_source_output(rounded.output(0))


def round_torch(module: Any) -> None:
    """The kernels of a network of torch, in place."""
    import torch

    for layer in module.modules():
        if isinstance(layer, torch.nn.Conv2d) and layer.weight.shape[1] == 1 and layer.groups > 1:
            layer.weight.data = torch.from_numpy(round_kernels(layer.weight.detach().cpu().numpy()))
