"""Batch normalisation with fixed statistics, taken into the convolution before it: the same numbers, sooner.

A normalisation that uses what it has counted is a factor and a summand a channel. They are applied to the
weights of the convolution at each run, so gradients reach weights, factors and summands as before, and two
passes over the map are saved on the way forward, more on the way back.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch

from resight.backbones._layers import Layers

AGREES = 1e-3  # of the largest value: what two orders of sums may differ by


def fold(module: Layers, side: int) -> int:
    """Take the normalisations of a network in evaluation mode into its convolutions; how many were.

    `side` is that of an image that it takes. Where the layers asked for then differ, nothing is changed.
    """
    pixels = torch.randint(0, 256, (1, side, side, 3), generator=torch.Generator().manual_seed(0))
    pixels = pixels.to(torch.uint8).to(module.mean.device)
    pairs = _pairs(module, pixels)
    with torch.no_grad():
        before = [each.clone() for each in module(pixels)]
        for convolution, norm in pairs:
            _join(convolution, norm)
        after = module(pixels)
    if all(_alike(one, other) for one, other in zip(before, after, strict=True)):
        return len(pairs)
    for each in (part for pair in pairs for part in pair):
        del each.forward  # the one of its class is there again
    return 0


def _pairs(module: Layers, pixels: torch.Tensor) -> list[tuple[torch.nn.Conv2d, torch.nn.BatchNorm2d]]:
    """The convolutions whose output goes into a normalisation."""
    made: dict[int, torch.nn.Conv2d] = {}
    kept: list[torch.Tensor] = []  # as long as they live, no other tensor has their number
    pairs: list[tuple[torch.nn.Conv2d, torch.nn.BatchNorm2d]] = []

    def after(convolution: torch.nn.Module, _: Any, output: torch.Tensor) -> None:
        if isinstance(convolution, torch.nn.Conv2d):
            made[id(output)] = convolution
            kept.append(output)

    def before(norm: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        if isinstance(norm, torch.nn.BatchNorm2d) and id(inputs[0]) in made and _rest(norm) is not None:
            pairs.append((made[id(inputs[0])], norm))

    hooks: list[Any] = []
    for part in module.model.modules():
        if isinstance(part, torch.nn.Conv2d) and type(part).forward is torch.nn.Conv2d.forward:
            hooks.append(part.register_forward_hook(after))
        elif isinstance(part, torch.nn.BatchNorm2d):
            hooks.append(part.register_forward_pre_hook(before))
    with torch.no_grad():
        module(pixels)
    for hook in hooks:
        hook.remove()
    parts = [part for pair in pairs for part in pair]
    return [pair for pair in pairs if parts.count(pair[0]) == 1 and parts.count(pair[1]) == 1]


def _rest(norm: torch.nn.BatchNorm2d) -> Callable[[torch.Tensor], torch.Tensor] | None:
    """What a normalisation does after it has normalised; None where that is not known."""
    if type(norm) is torch.nn.BatchNorm2d:
        return lambda values: values
    act, drop = getattr(norm, "act", None), getattr(norm, "drop", None)
    if isinstance(act, torch.nn.Module) and isinstance(drop, torch.nn.Module):  # timm's BatchNormAct2d
        return lambda values: act(drop(values))
    return None


def _join(convolution: torch.nn.Conv2d, norm: torch.nn.BatchNorm2d) -> None:
    rest = _rest(norm)
    # Of the instance: its class and its hooks stay as they were.
    setattr(convolution, "forward", functools.partial(_convolved, convolution, norm))  # noqa: B010
    setattr(norm, "forward", rest)  # noqa: B010


def _convolved(
    convolution: torch.nn.Conv2d, norm: torch.nn.BatchNorm2d, values: torch.Tensor
) -> torch.Tensor:
    if norm.training or norm.running_mean is None or norm.running_var is None:
        raise RuntimeError("A folded normalisation runs with fixed statistics: use evaluation mode.")
    factor = torch.rsqrt(norm.running_var + norm.eps)
    if norm.weight is not None:
        factor = factor * norm.weight
    summand = -norm.running_mean * factor
    if norm.bias is not None:
        summand = summand + norm.bias
    if convolution.bias is not None:
        summand = summand + convolution.bias * factor
    weight = convolution.weight * factor[:, None, None, None]
    found: torch.Tensor = convolution._conv_forward(values, weight, summand)
    return found


def _alike(one: torch.Tensor, other: torch.Tensor) -> bool:
    return bool((one - other).abs().max() <= AGREES * one.abs().max())
