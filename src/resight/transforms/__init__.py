"""Random changes of a photo that leave what it shows: a file is one, `(pixels, generator) -> pixels`.

Pixels are (H, W, 3) uint8 sRGB, in and out of the same shape; what came in is not changed. All that is random
comes from the NumPy generator that is handed in, so equal seeds give equal pixels.
"""
