"""Maps to vectors: a file is a method, `(features, masks) -> (B, R, D)` over the array API; it never whitens.

`features` (B, C, H, W) floats; `masks` (R, H, W) bool of the same kind of array, none of them empty: a vector
a region. A fitted method takes `parameters` third, and has `fit(samples)` beside it, where samples are pairs
of one photo's features (1, C, H, W) and masks, as NumPy arrays.
"""
