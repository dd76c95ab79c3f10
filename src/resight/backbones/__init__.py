"""Networks and their named layers: a file is a library, `build(name, weights)`. May import torch."""
