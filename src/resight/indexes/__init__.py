"""Nearest rows of the vectors: a file is an index; `exact` is the reference and the default."""
