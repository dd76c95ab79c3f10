"""The strength of an operation: ten magnitudes, equal steps from the least value to the most."""

from __future__ import annotations

from resight.errors import BadSetting

MAGNITUDES = 10


def strength(magnitude: int, least: float, most: float) -> float:
    """`least` at magnitude 1, `most` at 10; raises BadSetting for another magnitude."""
    check(magnitude)
    return least + (magnitude - 1) / (MAGNITUDES - 1) * (most - least)


def check(magnitude: int) -> None:
    """Raise BadSetting for what is no whole number from 1 to 10."""
    if type(magnitude) is not int or not 1 <= magnitude <= MAGNITUDES:
        raise BadSetting(f"A magnitude is a whole number from 1 to {MAGNITUDES}, not {magnitude!r}.")
