"""Data sets in their own file formats: a file is a data set, `(root) -> Dataset`, and says what it needs."""

from resight.datasets._opening import open_dataset
from resight.datasets._shared_landmarks import refuse_shared, shared_landmarks

__all__ = ["open_dataset", "refuse_shared", "shared_landmarks"]
