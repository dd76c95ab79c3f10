"""Where to pool: a file is a method, `(pixels, alpha) -> list of polygons`.

`pixels` (h, w, 3) uint8 of the view; `alpha` (H, W) float32, its map's spatial saliency, whose shape is that
of the map. A polygon is (N, 2) float64, x and y in shares of the view, 0 to 1. None of their masks on a map
of that shape (`areas.masks`) is empty. The first is the whole view where a method has it among its regions.
A file whose method asks for the shape of the map alone says `SHAPE_ALONE = True`: views of one shape then
have the same regions and are pooled together, and no saliency is worked out for it (alpha is zeros).
"""
