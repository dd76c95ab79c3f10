"""What is measured of a network before it is used: the sizes that it takes, and the forms of its layers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from resight.backbones._axes import FirstToken, Form, Tokens, certain, in_place, moving, still
from resight.backbones._names import CLASS_TOKEN
from resight.backbones._sizes import Sizes, sizes
from resight.errors import BadRecipe

if TYPE_CHECKING:
    import torch

    from resight.backbones._layers import Layers

SIDES = (64, 112, 96, 128, 224, 256, 512)  # whole numbers of patches of 8, 12, 14, 16, 28 and 32 pixels
TRIES = 4
BY_CHANCE = 0.4  # of the cells may change most with their own quarter of the image; a quarter does by chance


def set_sizes(layers: Layers, network: str) -> Sizes:
    """The sizes a network takes, found by trying; images are padded to their multiple from now on."""
    import torch

    with torch.inference_mode():
        found = sizes(layers.model, layers.runs, network)
    layers.multiple = found.multiple
    return found


def set_forms(layers: Layers, found: Sizes) -> None:
    """How each layer is read; raises BadRecipe for one that is no map."""
    import torch

    with torch.inference_mode():
        layers.forms = _still(layers, found.only) if found.only else _moving(layers, found)
    patches = [form.side for form in layers.forms if isinstance(form, Tokens)]
    layers.multiple = math.lcm(found.multiple, *patches)


def _moving(layers: Layers, found: Sizes) -> tuple[Form, ...]:
    """By the axes that move as an image grows: first higher, then wider."""
    forms: list[Form | None] = []
    shapes: list[list[torch.Size]] = []
    side = 0
    sides = [side for side in SIDES if side >= found.smallest and side % found.multiple == 0]
    for side in (sides or [found.multiple, 2 * found.multiple])[:TRIES]:
        shapes = [_shapes(layers, *size) for size in [(side, side), (2 * side, side), (side, 2 * side)]]
        forms = [
            _class_token(layer, square) or moving(square, tall, wide, side)
            for layer, square, tall, wide in zip(layers.layers, *shapes, strict=True)
        ]
        if all(forms):
            break
    unmoved = [
        still(square, side) if square == tall == wide else []
        for square, tall, wide in zip(*shapes, strict=True)
    ]
    return _decided(layers, forms, unmoved, side)


def _still(layers: Layers, side: int) -> tuple[Form, ...]:
    """By one shape, and by which cells change with which part of the image."""
    shapes = _shapes(layers, side, side)
    forms = [
        _class_token(layer, shape) or certain(shape, side)
        for layer, shape in zip(layers.layers, shapes, strict=True)
    ]
    return _decided(layers, forms, [still(shape, side) for shape in shapes], side)


def _shapes(layers: Layers, height: int, width: int) -> list[torch.Size]:
    return [output.shape for output in layers.outputs(layers.blank(height, width))]


def _class_token(layer: str, shape: Sequence[int]) -> Form | None:
    return FirstToken() if layer == CLASS_TOKEN and len(shape) == 3 else None


def _decided(
    layers: Layers, forms: Sequence[Form | None], possible: Sequence[Sequence[Form]], side: int
) -> tuple[Form, ...]:
    """What is known, and else the one of what is possible whose cells stand in their places."""
    if all(forms):
        return tuple(form for form in forms if form)
    outputs = layers.outputs(_quarters(layers, side))
    found = zip(layers.layers, forms, possible, outputs, strict=True)
    return tuple(form or _likeliest(layer, others, output, side) for layer, form, others, output in found)


def _likeliest(layer: str, possible: Sequence[Form], output: torch.Tensor, side: int) -> Form:
    """The form by which most cells change with their own quarter of the image; BadRecipe where none do."""
    maps = [form.read(output, side, side) for form in possible]
    scores = [in_place((each[1:] - each[:1]).abs().sum(1)) for each in maps]
    best = max(scores, default=0.0)
    if best < BY_CHANCE:
        shape = " x ".join(map(str, output.shape[1:]))
        raise BadRecipe(
            f"The layer '{layer}' gives neither a feature map, nor patches row by row, nor a vector: "
            f"its shape for one image of {side} x {side} pixels is {shape}."
        )
    return possible[scores.index(best)]


def _quarters(layers: Layers, side: int) -> torch.Tensor:
    """(5, side, side, 3) uint8: noise, and it four times with one quarter inverted."""
    import torch

    noise = torch.randint(0, 256, (side, side, 3), generator=torch.Generator().manual_seed(0))
    images = noise.to(torch.uint8).repeat(5, 1, 1, 1)
    half = side // 2
    for quarter in range(4):
        down, across = divmod(quarter, 2)
        part = images[1 + quarter, down * half :, across * half :][:half, :half]
        part.copy_(255 - part)
    return images.to(layers.mean.device)
