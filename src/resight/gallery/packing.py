"""A prepared photo as one column of numbers, and as the shapes that undo it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight.codec import decode, encode
from resight.types import Maps, Pooled, Prepared, PreparedPart, Region

Column = NDArray[np.float32]


def packed(prepared: Prepared) -> tuple[Column, dict[str, Any]]:
    """All numbers of a prepared photo in one (N, 1) column, and the shapes that undo it (JSON)."""
    numbers: list[Column] = []
    shapes = _photo(prepared, numbers)
    flat = np.concatenate(numbers) if numbers else np.empty(0, np.float32)
    return flat[:, None], shapes | {"length": len(flat)}


def unpacked(flat: Column, first: int, shapes: dict[str, Any]) -> Prepared:
    """`packed` undone, from a position in the kept file."""
    return _Unpacking(flat, first).photo(shapes)


def packed_length(shapes: dict[str, Any]) -> int:
    """How many numbers such shapes take."""
    return int(shapes["length"])


def _photo(prepared: Prepared, numbers: list[Column]) -> dict[str, Any]:
    return {
        "parts": [
            [[_layer(found, numbers) for found in layers] for layers in part] for part in prepared.parts
        ],
        "regions": encode(prepared.regions, places=1),
        "variants": [_photo(variant, numbers) for variant in prepared.variants],
    }


def _layer(found: Pooled | Maps, numbers: list[Column]) -> dict[str, Any]:
    if isinstance(found, Pooled):
        return {"rows": _array(found.rows, numbers)}
    told: dict[str, Any] = {
        "cells": _array(found.cells, numbers),
        "scale": found.scale,
        "polygons": [polygon.tolist() for polygon in found.polygons],
    }
    if found.places is not None:
        told["places"] = _array(found.places, numbers)
    return told


def _array(array: NDArray[Any], numbers: list[Column]) -> list[Any]:
    """Take the bytes of an array, filled up to whole float32 numbers; returns its type and shape."""
    data = np.ascontiguousarray(array).tobytes()
    numbers.append(np.frombuffer(data + bytes(-len(data) % 4), np.float32))
    return [array.dtype.str, *array.shape]


class _Unpacking:
    """Takes arrays from a column in the order in which they were packed."""

    def __init__(self, flat: Column, first: int) -> None:
        self._flat, self._next = flat, first

    def photo(self, shapes: dict[str, Any]) -> Prepared:
        """A photo, and its synthetic views."""
        return Prepared(
            tuple(self._part(part) for part in shapes["parts"]),
            decode(shapes["regions"], tuple[Region, ...]),
            tuple(self.photo(variant) for variant in shapes["variants"]),
        )

    def _part(self, shapes: Sequence[Any]) -> PreparedPart:
        return tuple(tuple(self._layer(told) for told in layers) for layers in shapes)

    def _layer(self, told: dict[str, Any]) -> Pooled | Maps:
        if "rows" in told:
            return Pooled(self._array(told["rows"]))
        cells = self._array(told["cells"])
        places = self._array(told["places"]) if "places" in told else None
        return Maps(cells, tuple(np.array(polygon) for polygon in told["polygons"]), places, told["scale"])

    def _array(self, told: Sequence[Any]) -> NDArray[Any]:
        kind, shape = np.dtype(told[0]), tuple(told[1:])
        size = math.prod(shape) * kind.itemsize
        length = (size + 3) // 4
        data = self._flat[self._next : self._next + length].tobytes()[:size]
        self._next += length
        return np.frombuffer(data, kind).reshape(shape)
