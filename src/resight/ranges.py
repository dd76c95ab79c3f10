"""Settings that no method can work with are refused, in one sentence."""

from __future__ import annotations

import math

from resight.errors import BadSetting


def at_least(least: float, method: str, /, **settings: float) -> None:
    """Refuse a setting that is below `least`, or no finite number."""
    for name, value in settings.items():
        if not (math.isfinite(value) and value >= least):
            raise BadSetting(f"'{method}' takes {least:g} or more for '{name}', not {value:g}.")


def above(least: float, method: str, /, **settings: float) -> None:
    """Refuse a setting that is `least` or below, or no finite number."""
    for name, value in settings.items():
        if not (math.isfinite(value) and value > least):
            raise BadSetting(f"'{method}' takes more than {least:g} for '{name}', not {value:g}.")


def share(method: str, /, **settings: float) -> None:
    """Refuse a setting that is not between 0 and 1."""
    for name, value in settings.items():
        if not 0 <= value <= 1:
            raise BadSetting(f"'{method}' takes a share between 0 and 1 for '{name}', not {value:g}.")
