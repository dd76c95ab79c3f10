"""Names of photos on a page: shortened in the middle, and broken where a reader would break them."""

from __future__ import annotations

import html
import re

from resight.figures._ink import short


def named(text: str, length: int) -> str:
    """As an element of a page, which shows the whole name to whoever points at it."""
    shown = "".join(f'<span class="part">{_part(part)}</span>' for part in _after("/", short(text, length)))
    return f'<span class="name" title="{html.escape(text)}">{shown}</span>'


def _part(text: str) -> str:
    """A folder, or what is in it, which may be broken where there is no other way."""
    return "<wbr>".join(html.escape(part) for part in _after("_ -", text))


def _after(letters: str, text: str) -> list[str]:
    return re.split(f"(?<=[{re.escape(letters)}])", text)
