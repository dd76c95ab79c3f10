"""Words for how unlikely something is by chance."""

from __future__ import annotations

LEAST = 1e-6  # less is said as this: no fit of a tail knows better


def spell_chance(probability: float) -> str:
    """As `by chance 0.3 %`, with two digits."""
    if probability < LEAST:
        return f"by chance under {100 * LEAST:.4f} %"
    if probability >= 0.995:
        return "by chance 100 %"
    return f"by chance {100 * probability:.2g} %"
