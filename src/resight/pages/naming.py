"""Names of photos on a page: shortened in the middle, and broken where a reader would break them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from resight.drawing.canvas import short


@dataclass(frozen=True)
class Name:
    """`whole` is shown to whoever points at it; `parts` are its folders, each in pieces to break between."""

    whole: str
    parts: tuple[tuple[str, ...], ...]


def break_name(text: str, length: int) -> Name:
    """A name of at most so many letters on the page."""
    parts = (_split_after("_ -", part) for part in _split_after("/", short(text, length)))
    return Name(text, tuple(map(tuple, parts)))


def _split_after(letters: str, text: str) -> list[str]:
    return re.split(f"(?<=[{re.escape(letters)}])", text)
