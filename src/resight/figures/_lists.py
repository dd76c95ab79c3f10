"""Settings of a figure that are several values in one text, joined by +."""

from __future__ import annotations

from resight.errors import BadSetting


def numbers(name: str, text: str) -> list[int]:
    """Whole numbers from 1 on, each once, in their order; raises BadSetting."""
    parts = [part.strip() for part in text.split("+")]
    found = [int(part) if part.isdecimal() else 0 for part in parts]
    if min(found) < 1 or len(set(found)) < len(found):
        raise BadSetting(f"'{name}' are different whole numbers joined by +, as in 1+5, not '{text}'.")
    return found


def words(name: str, text: str) -> list[str]:
    """Names, each once, in their order; raises BadSetting."""
    found = [part.strip() for part in text.split("+")]
    if not all(found) or len(set(found)) < len(found):
        raise BadSetting(f"'{name}' are different names joined by +, not '{text}'.")
    return found
