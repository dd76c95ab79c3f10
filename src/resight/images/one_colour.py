"""Whether a photo shows nothing: such photos are all alike to a search."""

from __future__ import annotations

from resight.images.photo import Pixels

SPREAD = 2  # levels


def has_one_colour(pixels: Pixels) -> bool:
    """Whether no channel of (H, W, 3) varies by more than two levels; hardly a look at most photos."""
    few = pixels[:: max(1, len(pixels) // 16), :: max(1, pixels.shape[1] // 16)]
    return _is_even(few) and _is_even(pixels)


def _is_even(pixels: Pixels) -> bool:
    spread = pixels.max((0, 1)).astype(int) - pixels.min((0, 1))
    return bool(spread.max() <= SPREAD)
