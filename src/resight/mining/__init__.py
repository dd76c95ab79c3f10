"""Ways to find triplets to learn from: a file is one, `(descriptors, classes, generator) -> triplets`.

`descriptors` (N, D) float32 are rows of unit length, of photos as the model describes them now; photos of
equal `classes` (N,), whole numbers, show the same thing. `triplets` (T, 3) int64 are rows of a query, a
matching photo that is not the query, and a non-matching one. A class of one photo asks nothing, and without
a second class there is no triplet. Everything random comes from the NumPy generator that is handed in, so
equal seeds give equal triplets; they stand in a drawn order, so that the first of them are a sample of all.
Similarities are worked out a block of queries at a time: memory does not grow with the square of N.
"""
