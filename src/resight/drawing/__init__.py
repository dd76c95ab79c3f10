"""How results are drawn: canvas, layout, photos in frames, curves, and the bytes of a file."""
