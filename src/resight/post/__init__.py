"""Steps on vectors: a file is a method, `(N, D) -> (N, E)`; one that needs fitting has `fit` beside it."""
