"""Where to pool: a file is a method, `(height, width)` -> `(R, 4)` cells top, left, bottom, right."""
