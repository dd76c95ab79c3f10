"""Maps to vectors: a file is a method, `(B, C, H, W) -> (B, D)` over the array API; it never whitens."""
