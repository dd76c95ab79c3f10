"""Data sets in their own file formats: a file is a data set, `(root) -> Dataset`, and says what it needs."""

from resight.datasets._opening import open_dataset

__all__ = ["open_dataset"]
