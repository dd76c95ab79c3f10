"""Points of a photo and what is around them: a file is a way to find and describe them.

`(grey, ...) -> (places, cells)`: (H, W) uint8 -> (N, 2) float32 x, y in pixels from the upper left corner,
and (N, C) 8-bit numbers, strongest first. `STEP` of a file is what one of its numbers is worth, `WIDTH` is C,
and `VERSION` stands in a fingerprint where a network has the hash of its weights.
"""
