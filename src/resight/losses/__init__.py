"""Losses of retrieval: a file is one, and its `TAKES` says what it is given beside the descriptors.

- `labels`: (descriptors (N, D), labels (N,)); photos of equal labels show the same thing;
- `triplets`: (descriptors (N, D), triplets (T, 3)), rows of query, matching and non-matching;
- `classes`: (descriptors (N, D), labels (N,), weights (K, D)), a learnable direction a class.

Descriptors are rows of unit length. A loss is a number with gradients; what cannot be learnt from gives 0.
"""
