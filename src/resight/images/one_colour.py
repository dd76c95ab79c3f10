"""Whether a photo shows nothing: such photos are all alike to a search."""

from __future__ import annotations

from resight.images.photo import Pixels

SPREAD = 2  # levels


def has_one_colour(pixels: Pixels) -> bool:
    """Whether no channel of (H, W, 3) varies by more than two levels; hardly a look at most photos."""
    height, width = pixels.shape[:2]
    # Two places tell most photos apart, at the cost of no array.
    corner, middle = pixels.item(0, 0, 1), pixels.item(height // 2, width // 2, 1)
    if abs(corner - middle) > SPREAD:
        return False
    return _is_even(pixels[:: max(1, height // 16), :: max(1, width // 16)]) and _is_even(pixels)


def _is_even(pixels: Pixels) -> bool:
    spread = pixels.max((0, 1)).astype(int) - pixels.min((0, 1))
    return bool(spread.max() <= SPREAD)
