"""Fixed changes of a photo, of ten strengths each: a file is one, `(pixels, magnitude) -> (pixels, back)`.

They are the operations of policies (Tursun et al., ICIP 2020, section 2.1; their ranges are those of Cubuk
et al., AutoAugment, CVPR 2019, table 6). Pixels are (H, W, 3) uint8 sRGB; what came in is not changed.
`magnitude` is a whole number from 1 to 10, which runs through the range of the operation in equal steps.
`back` is a (2, 3) affine map: it takes shares (x, y) of what comes out to shares of what came in.

A file may say: `IGNORES_MAGNITUDE`, that all magnitudes give the same; `SIDE`, the name of the setting with
the most pixels that a side of its result has. One with `SIDE` is given the photo's own pixels, not those of
a view: it decides itself how large its view is.
"""
