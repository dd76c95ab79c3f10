"""Maps to vectors: a file is a method, `(features, masks) -> (B, R, D)` over the array API; it never whitens.

`features` (B, C, H, W) floats of any library, on any device; `masks` (R, H, W) bool, none of them empty: a
vector a region. Masks are geometry and come as NumPy arrays, so that no pooling waits for a device to know
which cells a region has; arrays of the kind of the features are taken too. Gradients flow to the features and
to the parameters. A fitted method takes `parameters` third, and has `fit(samples)` beside it, where samples
are pairs of one photo's features (1, C, H, W) and masks, as NumPy arrays.
"""
