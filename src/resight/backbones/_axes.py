"""Where rows, columns and channels stand in a layer's output: measured, since libraries state it wrongly."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import torch

Shape = Sequence[int]
PREFIX = 16  # tokens at most that are no patches, where only one size of image can be tried


class Form(Protocol):
    """How an output is read as a map (B, C, H', W'); `height` and `width` of the image are in pixels."""

    def read(self, output: torch.Tensor, height: int, width: int) -> torch.Tensor:
        """The map."""
        ...


@dataclass(frozen=True)
class Vector:
    """One value a channel: a map of one cell."""

    def read(self, output: torch.Tensor, height: int, width: int) -> torch.Tensor:
        """(B, D), and axes of one -> (B, D, 1, 1)."""
        return output.flatten(1)[:, :, None, None]


@dataclass(frozen=True)
class FirstToken:
    """The first of all tokens, such as a class token: a map of one cell."""

    def read(self, output: torch.Tensor, height: int, width: int) -> torch.Tensor:
        """(B, N, D) -> (B, D, 1, 1)."""
        return output[:, 0, :, None, None]


@dataclass(frozen=True)
class Map:
    """Rows and columns have an axis each; the channels have the one that is left."""

    rows: int
    columns: int

    def read(self, output: torch.Tensor, height: int, width: int) -> torch.Tensor:
        """Four axes -> (B, C, H', W')."""
        return output.permute(0, 6 - self.rows - self.columns, self.rows, self.columns)


@dataclass(frozen=True)
class Tokens:
    """Patches row by row along one axis, after a `prefix` of other tokens; a patch has `side` pixels."""

    axis: int
    prefix: int
    side: int

    def read(self, output: torch.Tensor, height: int, width: int) -> torch.Tensor:
        """(B, N, C), (B, heads, N, width) or any such -> (B, C or heads x width, H', W')."""
        patches = output.movedim(self.axis, 1).flatten(2)[:, self.prefix :]
        rows, columns = height // self.side, width // self.side
        return patches.reshape(output.shape[0], rows, columns, patches.shape[2]).permute(0, 3, 1, 2)


def moving(square: Shape, tall: Shape, wide: Shape, side: int) -> Form | None:
    """The form of an output by its shapes for images of (side, side), (2 side, side) and (side, 2 side).

    None where it has none, or where no axis moves and the shapes do not tell.
    """
    if not 2 <= len(square) == len(tall) == len(wide) <= 4 or square[0] > 1:
        return None
    moved = {
        axis: (square[axis] != tall[axis], square[axis] != wide[axis])
        for axis in range(len(square))
        if square[axis] != tall[axis] or square[axis] != wide[axis]
    }
    if not moved:
        return Vector() if _is_vector(square) else None
    for rows, columns in [(2, 3), (1, 2)]:
        if moved == {rows: (True, False), columns: (False, True)} and len(square) == 4:
            return Map(rows, columns)
    axis = next(iter(moved))
    if list(moved.values()) == [(True, True)] and axis > 0 and len(square) > 2:
        return _tokens(axis, square[axis], tall[axis], wide[axis], side)
    return None


def _tokens(axis: int, square: int, tall: int, wide: int, side: int) -> Tokens | None:
    """Twice as high, an image has as many patches more as it had."""
    patches, prefix = tall - square, 2 * square - tall
    across = math.isqrt(max(patches, 0))
    if tall != wide or across == 0 or across**2 != patches or prefix < 0 or side % across:
        return None
    return Tokens(axis, prefix, side // across)


def still(shape: Shape, side: int) -> list[Form]:
    """The forms that one shape allows, where a square image of this side is all that can be tried."""
    if shape[0] > 1 or not 2 <= len(shape) <= 4:  # windows, in the place of images
        return []
    if _is_vector(shape):
        return [Vector()]
    maps = [Map(*pair) for pair in [(2, 3), (1, 2)] if len(shape) == 4 and shape[pair[0]] == shape[pair[1]]]
    tokens = []
    for axis, prefix in itertools.product(range(1, len(shape)), range(PREFIX + 1)):
        across = math.isqrt(max(shape[axis] - prefix, 0))
        if len(shape) > 2 and across > 1 and across**2 == shape[axis] - prefix and side % across == 0:
            tokens.append(Tokens(axis, prefix, side // across))
    return [*maps, *tokens]


def certain(shape: Shape, side: int) -> Form | None:
    """The form that one shape leaves no doubt of, where a square image of this side is all that can be tried.

    As many rows as columns are those of a map, unless their number is a square, as that of patches is: what
    each patch makes of each other has as many rows as columns, too.
    """
    possible = still(shape, side)
    if possible == [Vector()]:
        return possible[0]
    maps = [form for form in possible if isinstance(form, Map)]
    rows = shape[maps[0].rows] if len(maps) == 1 else 1
    return maps[0] if side % rows == 0 and math.isqrt(rows) ** 2 != rows else None


def _is_vector(shape: Shape) -> bool:
    return 2 <= len(shape) <= 4 and sum(size > 1 for size in shape[1:]) <= 1


def in_place(changes: torch.Tensor) -> float:
    """The share of cells that change most with their own quarter of the image: 1 where all stand in place.

    `changes` (4, H, W): of each cell, as the upper left, upper right, lower left and lower right quarter of
    the image becomes another. Cells that nothing changes do not count; 1 where none does.
    """
    height, width = changes.shape[1:]
    rows = slice(0, height // 2), slice(height - height // 2, height)
    columns = slice(0, width // 2), slice(width - width // 2, width)
    right = counted = 0
    for quarter, (down, across) in enumerate(itertools.product(rows, columns)):
        own = changes[:, down, across]
        changed = own.amax(0) > 0 if own.numel() else own[0] > 0
        right += int(((own.argmax(0) == quarter) & changed).sum()) if own.numel() else 0
        counted += int(changed.sum())
    return right / counted if counted else 1.0
