"""A box as the building sets write it, by two corners, and what becomes of it if queries are not cropped."""

from __future__ import annotations

import math
from collections.abc import Iterable

from resight.errors import BadData, BadSetting
from resight.types import Box


def crops(name: str, queries: str) -> bool:
    """Whether the setting `queries` says that queries are cropped to their boxes."""
    if queries not in ("crop", "full"):
        raise BadSetting(f"'{name}' takes 'crop' or 'full' for 'queries', not '{queries}'.")
    return queries == "crop"


def how(crop: bool) -> str:
    """What a protocol says of it."""
    return "cropped to their boxes" if crop else "whole"


def list_caveats(crop: bool) -> tuple[str, ...]:
    """What a result says of it, if that is not what the protocol wants."""
    return () if crop else ("full queries, boxes ignored",)


def corners(values: Iterable[float | str], where: str) -> Box:
    """The box between the corners x1 y1 and x2 y2, in pixels; `BadData` if there is nothing between them."""
    try:
        x1, y1, x2, y2 = (float(value) for value in values)
    except (TypeError, ValueError):
        raise BadData(f"{where}: a box is four numbers x1 y1 x2 y2, not {values}.") from None
    if not (all(map(math.isfinite, (x1, y1, x2, y2))) and x2 > x1 and y2 > y1):
        raise BadData(f"{where}: the box {x1:g} {y1:g} {x2:g} {y2:g} has no width or no height.")
    return Box(x1, y1, x2 - x1, y2 - y1)
